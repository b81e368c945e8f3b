using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Hosting.Workers;

namespace Pbts.Api.Passports;

/// <summary>Takes passports, charged by what looking at them costs, wherever they are brought.</summary>
internal sealed class PassportDesk(IGrainFactory grains, VerificationBudget budget, ClientAddressResolver addresses, IUserDirectory users)
{
    /// <summary>Whether the caller may have so many looked at; if so, it is charged.</summary>
    public bool Allows(HttpContext context, int passports) => passports == 0 || budget.Allows(addresses.Resolve(context), passports * VerificationBudget.Single);

    /// <summary>What became of each, in order; none when the member has not proved its key.</summary>
    public async Task<IReadOnlyList<ImportAnswer>> ImportAsync(HttpContext context, string userId, IReadOnlyList<PassportOfferRequest> passports)
    {
        var address = addresses.Resolve(context);
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), VerificationKind.Prompt);
        var outcomes = await grains.GetGrain<IPassportGrain>(userId).ImportAsync([.. passports.Select(offer => offer.ToOffer())]);
        if (outcomes.Count(outcome => outcome.IsForged) is > 0 and var forged)
            budget.ChargeForged(address, forged);
        users.Forget(userId);
        return ImportAnswer.Of(outcomes);
    }
}
