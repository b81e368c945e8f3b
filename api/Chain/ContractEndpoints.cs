using System.Globalization;
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
using Written = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Pbts.Api.Chain.TransactionAnswer>, Microsoft.AspNetCore.Http.HttpResults.Accepted<Pbts.Api.Chain.TransactionAnswer>,
    Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<Pbts.Api.Chain.TransactionAnswer>, Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<Pbts.Api.Http.ErrorAnswer>>;

namespace Pbts.Api.Chain;

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
        contract.MapGet("/status", StatusAsync).WithSummary("The connection to Ethereum, the contracts, and what is under way");
        contract.MapGet("/user/{username}", UserAsync).WithSummary("A user as the contract knows it").Refuses(StatusCodes.Status400BadRequest);
        contract.MapGet("/tx/{hash}", TransactionAsync).WithSummary("A transaction, by the name that a write answered or by its hash");
        var writes = contract.MapGroup("").RequireAdministrator();
        Write("/init", InitAsync, "Deploy the contract (administrators)");
        Write("/register", RegisterAsync, "Add a user to the contract (administrators)");
        Write("/update", UpdateAsync, "Set a user's totals on the contract (administrators)");
        Write("/migrate", MigrateAsync, "Take a user over from the contract before (administrators)");
        // The name is in the path, so that the audit says whom it was about.
        writes.MapPost("/members/{username}/approve", (string username, IGrainFactory grains) => StandAsync(username, Contract(grains).ApproveAsync))
            .WithSummary("Vouch for a member, who may then be added to contracts by the sync (administrators)");
        writes.MapPost("/members/{username}/link", (string username, IGrainFactory grains) => StandAsync(username, Contract(grains).LinkAsync))
            .WithSummary("Say that the record of a member's name on the chain is that member's, whatever key it has (administrators)");
        writes.MapPost("/members/{username}/revoke", (string username, IGrainFactory grains) => StandAsync(username, Contract(grains).RevokeAsync))
            .WithSummary("Take back what approve and link said of a member (administrators)");

        void Write(string path, Delegate handler, string summary) => writes.MapPost(path, handler).WithSummary(summary)
            .WithDescription("wait: seconds, 0 to 120. 202: the transaction is not mined yet, poll GET /contract/tx/{hash} by its tx.").Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<Ok<StatusAnswer>> StatusAsync(IGrainFactory grains, Moments moments) =>
        TypedResults.Ok(StatusAnswer.From(await moments.GetAsync("contract", () => Contract(grains).GetStatusAsync())));

    private static async Task<Results<Ok<UserFoundAnswer>, Refusal>> UserAsync(string username, IGrainFactory grains)
    {
        var result = await Contract(grains).GetUserAsync(username);
        return result.Value is { } user
            ? TypedResults.Ok(new UserFoundAnswer(true, ContractUserAnswer.From(user), user.Contract))
            : Refuse(result.Problem!);
    }

    private static bool IsHash(string text) => text.HasHexPrefix() && text.Length == 66 && text.IsHex();

    private static async Task<Results<Ok<TransactionAnswer>, Refusal>> TransactionAsync(string hash, IGrainFactory grains)
    {
        var isName = Guid.TryParse(hash, out _) || IsHash(hash);
        if (!isName || await Contract(grains).FindAsync(hash) is not { } transaction) return Answers.NotFound("unknown transaction");
        var failed = transaction.State == ChainTransactionState.Failed || transaction.Succeeded == false;
        return TypedResults.Ok(TransactionAnswer.From(transaction) with
        {
            Success = !failed,
            Error = failed ? transaction.Error : null,
            Warning = failed ? null : transaction.Error,
            Kind = transaction.Kind,
            Subject = transaction.Subject,
        });
    }

    private static async Task<Written> InitAsync(Body<ContractInitRequest> body, string? wait, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        if (!TryWait(wait, options.Value, out var time))
            return BadWait();
        var result = await Contract(grains).InitAsync(request.ReferrerAddress, time);
        return Answer(result, answer => answer with
        {
            ReferrerAddress = request.ReferrerAddress ?? EthereumAddress.Zero.ToString(),
            Message = "Reputation contract initialized successfully",
        });
    }

    private static async Task<Written> RegisterAsync(Body<ContractRegisterRequest> body, string? wait, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        if (!TryWait(wait, options.Value, out var time))
            return BadWait();
        var user = new ContractRegistration(request.Username, request.Salt, request.PasswordHash.Bytes, request.DownloadSize, request.UploadSize);
        var result = await Contract(grains).RegisterAsync(user, time);
        return Answer(result, answer => answer with { Username = user.Username, Message = "User registered on smart contract" });
    }

    private static async Task<Written> UpdateAsync(Body<ContractUpdateRequest> body, string? wait, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        if (!TryWait(wait, options.Value, out var time))
            return BadWait();
        var result = await Contract(grains).UpdateAsync(request.Username, request.DownloadSize, request.UploadSize, time);
        return Answer(result, answer => answer with
        {
            Username = request.Username, DownloadSize = request.DownloadSize, UploadSize = request.UploadSize, Message = "User statistics updated on smart contract",
        });
    }

    private static async Task<Results<Ok<MemberStandingAnswer>, Refusal>> StandAsync(string username, Func<string, Task<bool>> change) => await change(username)
        ? TypedResults.Ok(new MemberStandingAnswer(true, username))
        : Answers.NotFound("no member of this name has proven its key");

    private static async Task<Written> MigrateAsync(Body<ContractMigrateRequest> body, string? wait, IGrainFactory grains, IOptions<ChainOptions> options)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        if (!TryWait(wait, options.Value, out var time))
            return BadWait();
        var result = await Contract(grains).MigrateAsync(request.Username, time);
        return Answer(result, answer => answer with { Username = request.Username, Message = "User data migrated from referrer contract" });
    }

    private static IContractGrain Contract(IGrainFactory grains) => grains.GetGrain<IContractGrain>(0);

    private static Written Answer(ContractResult<ChainTransaction> result, Func<TransactionAnswer, TransactionAnswer> complete)
    {
        if (result.Value is not { } transaction)
        {
            return result.Problem!.Transaction is { } failed
                ? TypedResults.Json(TransactionAnswer.From(failed) with { Success = false, Error = result.Problem.Text }, statusCode: StatusOf(result.Problem))
                : Refuse(result.Problem);
        }

        var answer = complete(TransactionAnswer.From(transaction));
        return transaction.IsDone
            ? TypedResults.Ok(answer)
            : TypedResults.Accepted((string?)null, answer with { Message = $"Not mined yet: poll /contract/tx/{transaction.Id}", Warning = transaction.Error });
    }

    internal static Refusal Refuse(ContractProblem problem) => Answers.Error(StatusOf(problem), problem.Text);

    private static int StatusOf(ContractProblem problem) => problem.Kind switch
    {
        ContractProblemKind.NotInitialised or ContractProblemKind.Invalid => StatusCodes.Status400BadRequest,
        ContractProblemKind.NotFound => StatusCodes.Status404NotFound,
        ContractProblemKind.Reverted => StatusCodes.Status409Conflict,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    internal static bool TryWait(string? text, ChainOptions options, out TimeSpan wait)
    {
        wait = TimeSpan.FromSeconds(options.WaitSeconds);
        if (text is null)
            return true;
        var valid = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= MaxWaitSeconds;
        wait = TimeSpan.FromSeconds(seconds);
        return valid;
    }

    internal static Refusal BadWait() => Answers.BadRequest($"wait must be 0 to {MaxWaitSeconds} seconds");
}
