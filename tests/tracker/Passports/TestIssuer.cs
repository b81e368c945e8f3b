using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>A tracker elsewhere, of which there is nothing but its key.</summary>
internal sealed class TestIssuer
{
    public TestIssuer(string seed)
    {
        Assert.True(EthereumPrivateKey.TryCreate(SHA256.HashData(Encoding.ASCII.GetBytes(seed)), out var key));
        Key = key;
        Instance = InstanceId.From(SHA256.HashData(Encoding.ASCII.GetBytes($"instance of {seed}")));
    }

    public EthereumPrivateKey Key { get; }

    public InstanceId Instance { get; init; }

    public EthereumAddress? Contract { get; init; }

    public string Address => Key.Address.ToString();

    /// <summary>A passport of an hour ago, unless said otherwise.</summary>
    public Passport Passport(MemberKey key, string user, ulong up, ulong down, long age = 3600, long memberDays = 400, Func<Passport, Passport>? change = null)
    {
        Assert.True(UserId.TryParse(user, out var userId));
        var passport = new Passport
        {
            Instance = Instance, Contract = Contract, ChainId = Contract is null ? 0UL : 31337, Issuer = Key.Address, UserId = userId, PublicKey = key, Up = up, Down = down,
            MemberSince = Member.Now - (memberDays * 86400), Issued = Member.Now - age, Expires = Member.Now + 86400,
        };
        return (change?.Invoke(passport) ?? passport).Sign(Key);
    }

    /// <summary>As the operator lists it.</summary>
    public Issuer Listed(int weight = 100, long? cap = null, string name = "sister", int leastAge = 0) => new()
    {
        Name = name, Address = Address, Contract = Contract?.ToString(), ChainId = Contract is null ? null : 31337, Weight = weight, Cap = cap, LeastAge = leastAge,
    };

    /// <summary>As a member brings it, signed over to a tracker.</summary>
    public static JsonObject Offer(Passport passport, Member holder, string instance) => new()
    {
        ["passport"] = JsonNode.Parse(PassportJson.Write(passport)), ["signature"] = holder.Sign(PassportMessage.Build(instance, passport)),
    };
}
