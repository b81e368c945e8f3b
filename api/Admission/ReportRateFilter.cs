using Pbts.Api.Announce;
using Pbts.Api.Http;

namespace Pbts.Api.Admission;

/// <summary>Refuses (429) addresses that report or register more often than they may, before their body is read.</summary>
internal sealed class ReportRateFilter(CallerLimits limits, ClientAddressResolver addresses) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next) =>
        limits.ReportsByAddress.Allows(addresses.Resolve(context.HttpContext))
            ? next(context) : ValueTask.FromResult<object?>(Answers.TooMany(context.HttpContext));
}
