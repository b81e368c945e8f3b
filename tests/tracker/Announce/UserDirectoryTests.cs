using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>What a process remembers of users, and what it forgets.</summary>
public sealed class UserDirectoryTests
{
    private const string Passkey = "0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_that_was_on_its_way_when_the_user_changed_is_not_remembered(bool everybody)
    {
        var grains = DispatchProxy.Create<IGrainFactory, Factory>();
        var directory = ((Factory)grains).Directory;
        using var services = new ServiceCollection().AddMetrics().AddOptions().AddSingleton(TimeProvider.System).AddSingleton<CallerLimits>().BuildServiceProvider();
        using var users = new UserDirectory(grains, services.GetRequiredService<CallerLimits>(), TimeProvider.System);

        var answer = directory.Expect();
        var looking = users.FindByPasskeyAsync(Passkey, IPAddress.Loopback).AsTask();
        await directory.Asked.Task.WaitAsync(TimeSpan.FromSeconds(30));
        if (everybody)
            users.ForgetAll();
        else
            users.Forget("alice");
        answer.SetResult(Alice(disabled: null));
        Assert.Null((await looking).User!.Profile.Disabled);

        // So it is asked again, and that is remembered.
        directory.Expect().SetResult(Alice(disabled: "why"));
        Assert.Equal("why", (await users.FindByPasskeyAsync(Passkey, IPAddress.Loopback)).User!.Profile.Disabled);
        directory.Expect().SetException(new InvalidOperationException("nobody is to ask"));
        Assert.Equal("why", (await users.FindByPasskeyAsync(Passkey, IPAddress.Loopback)).User!.Profile.Disabled);
    }

    private static DirectoryEntry Alice(string? disabled) => new(
        new UserProfile
        {
            UserId = "alice", PublicKey = "", Proven = true, Uploaded = 0, Downloaded = 0, ClaimedUploaded = 0, ClaimedDownloaded = 0, RegisteredAt = default, Disabled = disabled,
        }, Passkey);

    /// <summary>Gives out one grain.</summary>
    public class Factory : DispatchProxy
    {
        internal DirectoryGrain Directory { get; } = (DirectoryGrain)(object)Create<IUserDirectoryGrain, DirectoryGrain>();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => Directory;
    }

    /// <summary>Answers what a test says, when it says so.</summary>
    public class DirectoryGrain : DispatchProxy
    {
        private TaskCompletionSource<DirectoryEntry?> _answer = new();

        internal TaskCompletionSource Asked { get; } = new();

        internal TaskCompletionSource<DirectoryEntry?> Expect() => _answer = new TaskCompletionSource<DirectoryEntry?>();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Asked.TrySetResult();
            return new ValueTask<DirectoryEntry?>(_answer.Task);
        }
    }
}
