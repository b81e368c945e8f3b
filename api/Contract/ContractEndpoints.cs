using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Nethereum.Hex.HexConvertors.Extensions;
using Pbts.Api.Administration;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Chain;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Ethereum;

namespace Pbts.Api.Contract;

/// <summary>
/// The operators' requests about the Reputation contract. Writes answer 200 when their transaction is mined, 409 when the
/// contract refuses, and 202 with <c>tx</c> to poll when it takes longer than the caller wants to wait (<c>?wait=SECONDS</c>).
/// </summary>
internal static class ContractEndpoints
{
    private const int MaxWaitSeconds = 120;

    /// <summary>Maps <c>/contract</c>, of which anybody may see everything and the administration change something.</summary>
    public static void MapContract(this IEndpointRouteBuilder app)
    {
        var contract = app.MapGroup("/contract").For(Caller.Anybody);
        contract.MapGet("/status", StatusAsync);
        contract.MapGet("/user/{username}", UserAsync);
        contract.MapGet("/tx/{hash}", TransactionAsync);
        var writes = contract.MapGroup("").RequireAdministrator();
        writes.MapPost("/init", InitAsync);
        writes.MapPost("/register", RegisterAsync);
        writes.MapPost("/update", UpdateAsync);
        writes.MapPost("/migrate", MigrateAsync);
        // The name is in the path, so that the audit says whom it was about.
        writes.MapPost("/members/{username}/approve", (string username, IGrainFactory grains) => StandAsync(username, Contract(grains).ApproveAsync));
        writes.MapPost("/members/{username}/link", (string username, IGrainFactory grains) => StandAsync(username, Contract(grains).LinkAsync));
        writes.MapPost("/members/{username}/revoke", (string username, IGrainFactory grains) => StandAsync(username, Contract(grains).RevokeAsync));
    }

    private static async Task<IResult> StatusAsync(IGrainFactory grains, Moments moments) =>
        TypedResults.Json(StatusAnswer.From(await moments.GetAsync("contract", () => Contract(grains).GetStatusAsync())));

    private static async Task<IResult> UserAsync(string username, IGrainFactory grains)
    {
        var result = await Contract(grains).GetUserAsync(username);
        return result.Value is { } user
            ? TypedResults.Json(new UserFoundAnswer(true, UserAnswer.From(user), user.Contract))
            : Refuse(result.Problem!);
    }

    private static bool IsHash(string text) => text.HasHexPrefix() && text.Length == 66 && text.IsHex();

    private static async Task<IResult> TransactionAsync(string hash, IGrainFactory grains)
    {
        var isName = Guid.TryParse(hash, out _) || IsHash(hash);
        if (!isName || await Contract(grains).FindAsync(hash) is not { } transaction) return Answers.NotFound("unknown transaction");
        var failed = transaction.State == ChainTransactionState.Failed || transaction.Succeeded == false;
        return TypedResults.Json(TransactionAnswer.From(transaction) with
        {
            Success = !failed,
            Error = failed ? transaction.Error : null,
            Warning = failed ? null : transaction.Error,
            Kind = transaction.Kind,
            Subject = transaction.Subject,
        });
    }

    private static async Task<IResult> InitAsync(HttpContext context, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        string? referrer = null;
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false && context.Request.ContentLength != 0)
        {
            var (fields, refusal) = await JsonBody.ReadAsync(context);
            if (refusal is not null) return refusal;
            referrer = fields.OptionalText("referrer_address");
            if (fields.Error is { } error) return Answers.BadRequest(error);
        }
        if (!TryWait(context, options.Value, out var wait)) return BadWait();
        var result = await Contract(grains).InitAsync(referrer, wait);
        return Answer(result, answer => answer with
        {
            ReferrerAddress = referrer ?? EthereumAddress.Zero.ToString(),
            Message = "Reputation contract initialized successfully",
        });
    }

    private static async Task<IResult> RegisterAsync(HttpContext context, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null) return refusal;
        if (!fields.Has("username") || !fields.Has("password_hash")) return Answers.BadRequest("Missing username or password_hash");
        var username = Limited(fields, "username", fields.Text("username"));
        var hashText = fields.Text("password_hash");
        var salt = Limited(fields, "salt", fields.OptionalString("salt") ?? "");
        var (down, up) = (fields.OptionalUnsigned("download_size") ?? 0, fields.OptionalUnsigned("upload_size") ?? 0);
        if (fields.Error is { } error) return Answers.BadRequest(error);
        if (!TryPasswordHash(hashText, out var hash)) return Answers.BadRequest("password_hash must be 1 to 64 hexadecimal digits, with or without 0x");
        if (!TryWait(context, options.Value, out var wait)) return BadWait();
        var result = await Contract(grains).RegisterAsync(new ContractRegistration(username, salt, hash, down, up), wait);
        return Answer(result, answer => answer with { Username = username, Message = "User registered on smart contract" });
    }

    private static async Task<IResult> UpdateAsync(HttpContext context, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null) return refusal;
        if (!fields.Has("username")) return Answers.BadRequest("Missing username");
        var username = Limited(fields, "username", fields.Text("username"));
        var (down, up) = (fields.OptionalUnsigned("download_size") ?? 0, fields.OptionalUnsigned("upload_size") ?? 0);
        if (fields.Error is { } error) return Answers.BadRequest(error);
        if (!TryWait(context, options.Value, out var wait)) return BadWait();
        var result = await Contract(grains).UpdateAsync(username, down, up, wait);
        return Answer(result, answer => answer with
        {
            Username = username, DownloadSize = down, UploadSize = up, Message = "User statistics updated on smart contract",
        });
    }

    private static async Task<IResult> StandAsync(string username, Func<string, Task<bool>> change) => await change(username)
        ? TypedResults.Json(new MemberStandingAnswer(true, username))
        : Answers.NotFound("no member of this name has proven its key");

    private static async Task<IResult> MigrateAsync(HttpContext context, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null) return refusal;
        if (!fields.Has("username")) return Answers.BadRequest("Missing username");
        var username = Limited(fields, "username", fields.Text("username"));
        if (fields.Error is { } error) return Answers.BadRequest(error);
        if (!TryWait(context, options.Value, out var wait)) return BadWait();
        var result = await Contract(grains).MigrateAsync(username, wait);
        return Answer(result, answer => answer with { Username = username, Message = "User data migrated from referrer contract" });
    }

    private static IContractGrain Contract(IGrainFactory grains) => grains.GetGrain<IContractGrain>(0);

    private static IResult Answer(ContractResult<ChainTransaction> result, Func<TransactionAnswer, TransactionAnswer> complete)
    {
        if (result.Value is not { } transaction) return Refuse(result.Problem!);
        var answer = complete(TransactionAnswer.From(transaction));
        return transaction.IsDone
            ? TypedResults.Json(answer)
            : TypedResults.Json(
                answer with { Message = $"Not mined yet: poll /contract/tx/{transaction.Id}", Warning = transaction.Error },
                statusCode: StatusCodes.Status202Accepted);
    }

    internal static IResult Refuse(ContractProblem problem)
    {
        var status = problem.Kind switch
        {
            ContractProblemKind.NotInitialised or ContractProblemKind.Invalid => StatusCodes.Status400BadRequest,
            ContractProblemKind.NotFound => StatusCodes.Status404NotFound,
            ContractProblemKind.Reverted => StatusCodes.Status409Conflict,
            _ => StatusCodes.Status503ServiceUnavailable,
        };
        return problem.Transaction is { } transaction
            ? TypedResults.Json(TransactionAnswer.From(transaction) with { Success = false, Error = problem.Text }, statusCode: status)
            : Answers.Error(status, problem.Text);
    }

    /// <summary>Refuses what no contract of this project would keep.</summary>
    private static string Limited(JsonFields fields, string name, string text) =>
        Encoding.UTF8.GetByteCount(text) <= ReputationV2Abi.MaxStringBytes ? text : fields.Wrong(name, $"is too long: at most {ReputationV2Abi.MaxStringBytes} bytes", "");

    /// <summary>One optional <c>0x</c>, then up to 64 digits, read as a number: shorter ones are padded on the left.</summary>
    private static bool TryPasswordHash(string text, out byte[] hash)
    {
        hash = new byte[32];
        var digits = text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
        return digits.Length is >= 1 and <= 64
            && Convert.FromHexString(digits.PadLeft(64, '0'), hash, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    private static bool TryWait(HttpContext context, ChainOptions options, out TimeSpan wait)
    {
        wait = TimeSpan.FromSeconds(options.WaitSeconds);
        if (!context.Request.Query.TryGetValue("wait", out var text)) return true;
        var valid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= MaxWaitSeconds;
        wait = TimeSpan.FromSeconds(seconds);
        return valid;
    }

    private static JsonHttpResult<ErrorAnswer> BadWait() => Answers.BadRequest($"wait must be 0 to {MaxWaitSeconds} seconds");
}
