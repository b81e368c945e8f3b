using System.Security.Cryptography;
using Npgsql;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Grains.Chain.Sync;
using Pbts.Grains.Issuers;
using Pbts.Grains.Users;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>A tracker's database with what takes passports, whose signatures others have looked at.</summary>
internal sealed class ImportWorld(NpgsqlDataSource database) : IAsyncDisposable
{
    public NpgsqlDataSource Database => database;

    public IssuerStore Issuers { get; } = new(database);

    public ImportStore Imports { get; } = new(database);

    public MemberSyncStore Sync { get; } = new(database);

    public UserStore Users { get; } = new(database, TimeProvider.System);

    public static async Task<ImportWorld> CreateAsync(PostgresServer postgres) => new(NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync()));

    /// <summary>Bytes that contracts take for a compressed point.</summary>
    public static MemberKey NewKey()
    {
        var bytes = RandomNumberGenerator.GetBytes(MemberKey.Length);
        bytes[0] = (byte)(0x80 | (bytes[0] & 0x1f));
        return MemberKey.From(bytes);
    }

    public async Task<(long Id, MemberKey Key)> AddMemberAsync(string name)
    {
        var key = NewKey();
        await Users.RegisterAsync(name, Convert.ToBase64String(key.Span), key, proven: true, RandomNumberGenerator.GetHexString(32, lowercase: true));
        return ((await Users.FindAsync(name))!.Id, key);
    }

    /// <summary>The member has another key from now on.</summary>
    public async Task<MemberKey> RotateAsync(string name, MemberKey old)
    {
        var key = NewKey();
        await Users.RotateAsync(name, old, Convert.ToBase64String(key.Span), key, RandomNumberGenerator.GetHexString(32, lowercase: true));
        return key;
    }

    public async Task<string?> ListAsync(TestIssuer issuer, Issuer listed)
    {
        var result = await Issuers.SetAsync(listed, issuer.Key.Address, issuer.Contract);
        return result.Problem;
    }

    public Task<ImportOutcome> BringAsync(long member, Passport passport) => Imports.ImportAsync(member, ImportEvidence.Of(passport));

    /// <summary>What counts of a member's imports, and its totals.</summary>
    public async Task<(long Up, long Down)> BelievedAsync(string name)
    {
        var user = (await Users.FindAsync(name))!.Profile;
        return (user.BelievedUploaded, user.BelievedDownloaded);
    }

    public async Task<(long Up, long Down)> TotalsAsync(string name)
    {
        var user = (await Users.FindAsync(name))!.Profile;
        return (user.Uploaded, user.Downloaded);
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync() => await database.DisposeAsync();
}
