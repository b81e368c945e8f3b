using System.Net;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

[Collection("node")]
public sealed class RegistrationTests(SharedNode shared)
{
    private readonly HttpClient _tracker = shared.Node.Http;

    [Fact]
    public async Task A_signed_registration_proves_possession_and_hands_out_an_announce_url()
    {
        var alice = new Member("älice");
        var (status, answer) = await alice.RegisterAsync(_tracker);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True((bool)answer["success"]!);
        Assert.Matches("^[0-9a-f]{64}$", (string)answer["instance_id"]!);
        Assert.Matches("^[0-9a-f]{32}$", alice.Passkey);
        Assert.Equal($"{_tracker.BaseAddress}announce/{alice.Passkey}", (string)answer["announce_url"]!);

        var user = (await _tracker.GetJsonAsync($"/user/{Uri.EscapeDataString(alice.UserId)}")).Answer;
        Assert.Equal((alice.UserId, alice.PublicKey, true), ((string)user["user_id"]!, (string)user["public_key"]!, (bool)user["proof_of_possession"]!));
        Assert.False(user.ContainsKey("passkey"));
        Assert.InRange((double)user["registered_at"]!, Member.Now - 60, Member.Now + 60);
    }

    [Fact]
    public async Task A_user_id_is_taken_once()
    {
        var alice = await Member.RegisteredAsync(_tracker, "alice");
        var other = new Member("other") { UserId = alice.UserId };
        Assert.Equal(HttpStatusCode.Conflict, (await other.RegisterAsync(_tracker)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await other.RegisterAsync(_tracker, signed: false)).Status);
        var (status, answer) = await alice.RegisterAsync(_tracker);
        Assert.Equal((HttpStatusCode.Conflict, "User already exists"), (status, (string)answer["error"]!));
    }

    [Fact]
    public async Task A_proven_key_belongs_to_one_user_and_displaces_those_who_only_claimed_it()
    {
        var identity = MemberIdentity.Generate();
        var squatter = new Member("squatter", identity);
        var owner = new Member("owner", identity);
        Assert.Equal(HttpStatusCode.OK, (await squatter.RegisterAsync(_tracker, signed: false)).Status);
        Assert.Equal(HttpStatusCode.OK, (await owner.RegisterAsync(_tracker)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await squatter.RegisterAsync(_tracker)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await new Member("late", identity).RegisterAsync(_tracker, signed: false)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await new Member("later", identity).RegisterAsync(_tracker)).Status);
        Assert.False((bool)(await _tracker.GetJsonAsync($"/user/{squatter.UserId}")).Answer["proof_of_possession"]!);
    }

    [Fact]
    public async Task Parallel_registrations_of_one_key_or_one_id_have_one_winner()
    {
        var identity = MemberIdentity.Generate();
        var sameKey = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => new Member($"p{i}", identity).RegisterAsync(_tracker)));
        Assert.Equal(1, sameKey.Count(answer => answer.Status == HttpStatusCode.OK));
        var sameId = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => new Member("x") { UserId = $"same-{identity.GetHashCode()}" }.RegisterAsync(_tracker)));
        Assert.Equal(1, sameId.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(sameKey.Concat(sameId), answer => Assert.Contains(answer.Status, new[] { HttpStatusCode.OK, HttpStatusCode.Conflict }));
    }

    [Fact]
    public async Task A_signature_for_another_instance_user_or_key_is_401()
    {
        var alice = new Member("alice");
        var instance = await _tracker.InstanceIdAsync();
        foreach (var message in new[]
        {
            RegistrationMessage.Build(new string('0', 64), alice.UserId), RegistrationMessage.Build(instance, alice.UserId + "x"),
            AnnounceMessage.Build(alice.UserId, default, "started"), alice.Key.ToArray(),
        })
        {
            var (status, _) = await _tracker.PostAsync("/register", new JsonObject { ["user_id"] = alice.UserId, ["public_key"] = alice.PublicKey, ["signature"] = alice.Sign(message) });
            Assert.Equal(HttpStatusCode.Unauthorized, status);
        }

        var stolen = new JsonObject { ["user_id"] = alice.UserId, ["public_key"] = new Member("m").PublicKey, ["signature"] = alice.Sign(RegistrationMessage.Build(instance, alice.UserId)) };
        Assert.Equal(HttpStatusCode.Unauthorized, (await _tracker.PostAsync("/register", stolen)).Status);
    }

    [Theory]
    [InlineData("""{"public_key":"AAAA"}""", "user_id")]
    [InlineData("""{"user_id":"a"}""", "public_key")]
    [InlineData("""{"user_id":5,"public_key":"AAAA"}""", "user_id")]
    [InlineData("""{"user_id":"a b","public_key":"AAAA"}""", "user_id")]
    [InlineData("""{"user_id":"a/b","public_key":"AAAA"}""", "user_id")]
    [InlineData("""{"user_id":"a\u0000b","public_key":"AAAA"}""", "user_id")]
    [InlineData("""{"user_id":"\ud800","public_key":"AAAA"}""", "user_id")]
    [InlineData("""{"user_id":"a","public_key":"not base64!"}""", "public_key")]
    [InlineData("""{"user_id":"a","public_key":"AAAA"}""", "public_key")]
    [InlineData("""{"user_id":"a","public_key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", "public_key")]
    [InlineData("""{"user_id":"a","public_key":"wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", "public_key")]
    [InlineData("""{"user_id":"a","public_key":"AAAA","signature":"AA=="}""", "signature")]
    [InlineData("""{"user_id":"a","public_key":"AAAA","signature":7}""", "signature")]
    public async Task Bad_fields_are_named(string body, string field)
    {
        var (status, answer) = await _tracker.PostTextAsync("/register", body);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.False((bool)answer["success"]!);
        Assert.Contains(field, (string)answer["error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_is_replaced_by_its_holder_only_and_the_old_key_and_passkey_end()
    {
        var (alice, bob) = (await Member.RegisteredAsync(_tracker, "alice"), await Member.RegisteredAsync(_tracker, "bob"));
        var next = new Member("next") { UserId = alice.UserId };
        var instance = await _tracker.InstanceIdAsync();
        Task<(HttpStatusCode Status, JsonObject Answer)> RotateAsync(Member signer, Member newKey, long time) => _tracker.PostAsync($"/user/{alice.UserId}/rotate-key", new JsonObject
        {
            ["new_public_key"] = next.PublicKey, ["timestamp"] = time,
            ["signature"] = signer.Sign(RotationMessage.Build(instance, alice.UserId, next.Key, (ulong)time)),
            ["new_signature"] = newKey.Sign(RegistrationMessage.Build(instance, alice.UserId)),
        });

        // Seen before, so that it has to be forgotten.
        Assert.Contains("8:complete", await AnnounceAsync(alice.Passkey), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await RotateAsync(bob, next, Member.Now)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await RotateAsync(alice, bob, Member.Now)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await RotateAsync(alice, next, Member.Now - 1000)).Status);
        var (status, answer) = await RotateAsync(alice, next, Member.Now);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.NotEqual(alice.Passkey, (string)answer["passkey"]!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await RotateAsync(alice, next, Member.Now)).Status);

        Assert.Equal(1, (int)(await _tracker.GetJsonAsync($"/user/{alice.UserId}")).Answer["key_rotations"]!);
        Assert.Contains("unknown passkey", await AnnounceAsync(alice.Passkey), StringComparison.Ordinal);
        Assert.Contains("8:complete", await AnnounceAsync((string)answer["passkey"]!), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _tracker.PostAsync("/report", new JsonObject { ["user_id"] = alice.UserId, ["passkey"] = alice.Passkey })).Status);
        Assert.Equal(["accepted"], (await next.ReportAsync(_tracker, bob.Receipt(next, "new"))).Answer.Statuses());
    }

    [Fact]
    public async Task A_receiver_that_replaces_its_key_owes_what_it_signed_before_and_nothing_that_it_signs_afterwards()
    {
        var (alice, bob) = (await Member.RegisteredAsync(_tracker, "alice"), await Member.RegisteredAsync(_tracker, "bob"));
        var before = bob.Receipt(alice, "before", timestamp: Member.Now - 5);
        var after = bob.Receipt(alice, "after", timestamp: Member.Now + 100);
        var next = await bob.RotateAsync(_tracker);
        Assert.Equal(["accepted", "unknown_receiver"], (await alice.ReportAsync(_tracker, before, after)).Answer.Statuses());
        Assert.Equal((0, 1000), await next.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task A_sender_that_replaces_its_key_still_reports_what_it_sent_with_the_old_one()
    {
        var (alice, bob) = (await Member.RegisteredAsync(_tracker, "alice"), await Member.RegisteredAsync(_tracker, "bob"));
        var before = bob.Receipt(alice, "before", timestamp: Member.Now - 5);
        var after = bob.Receipt(alice, "after", timestamp: Member.Now + 100);
        var next = await alice.RotateAsync(_tracker);
        Assert.Equal(["accepted", "not_your_receipt", "self_receipt", "accepted"], (await next.ReportAsync(_tracker,
            before, after, next.Receipt(alice, "to myself", timestamp: Member.Now - 5), bob.Receipt(next, "new"))).Answer.Statuses());
        Assert.Equal(["duplicate"], (await next.ReportAsync(_tracker, before)).Answer.Statuses());
        Assert.Equal(["not_your_receipt"], (await bob.ReportAsync(_tracker, before)).Answer.Statuses());
        Assert.Equal((2000, 0), await next.TotalsAsync(_tracker));
    }

    [Fact]
    public async Task A_key_that_was_replaced_is_never_registered_again_by_anybody()
    {
        var identity = MemberIdentity.Generate();
        var alice = await Member.RegisteredAsync(_tracker, "alice", identity);
        var next = await alice.RotateAsync(_tracker);
        Assert.Equal(HttpStatusCode.Conflict, (await new Member("mallory", identity).RegisterAsync(_tracker)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await new Member("mallory", identity).RegisterAsync(_tracker, signed: false)).Status);
        Assert.Equal(HttpStatusCode.Conflict, (await next.RotateAsync(_tracker, alice)).Status);
        var bob = await Member.RegisteredAsync(_tracker, "bob");
        Assert.Equal(HttpStatusCode.Conflict, (await bob.RotateAsync(_tracker, new Member("stolen", identity) { UserId = bob.UserId })).Status);
        // A refused change leaves the key in force.
        Assert.Equal(["accepted"], (await next.ReportAsync(_tracker, bob.Receipt(next, "one"))).Answer.Statuses());
    }

    [Fact]
    public async Task The_proof_of_a_key_ends_the_passkey_of_whoever_registered_it_before()
    {
        var owner = new Member("owner");
        Assert.Equal(HttpStatusCode.OK, (await owner.RegisterAsync(_tracker, signed: false)).Status);
        var squatted = owner.Passkey;
        Assert.Contains("8:complete", await AnnounceAsync(squatted), StringComparison.Ordinal);
        var (status, answer) = await owner.RegisterAsync(_tracker);
        Assert.Equal((HttpStatusCode.OK, true), (status, (bool)answer["proof_of_possession"]!));
        Assert.NotEqual(squatted, owner.Passkey);
        Assert.Contains("unknown passkey", await AnnounceAsync(squatted), StringComparison.Ordinal);
        Assert.Contains("8:complete", await AnnounceAsync(owner.Passkey), StringComparison.Ordinal);
    }

    private Task<string> AnnounceAsync(string passkey) =>
        _tracker.GetStringAsync($"/announce/{passkey}?info_hash={new string('r', 20)}&peer_id={new string('p', 20)}&port=1000&left=1");
}
