using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Administration;

/// <summary>Guards endpoints that private keys pass through.</summary>
internal sealed class KeyEndpointAccess(IOptions<AdministrationOptions> options) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var allowed = options.Value.KeyEndpoints switch
        {
            KeyEndpointUse.On => true,
            KeyEndpointUse.Loopback => LocalCallers.IsOurs(context.HttpContext),
            _ => false,
        };
        if (allowed)
            context.HttpContext.Response.Headers.CacheControl = "no-store";
        return allowed ? next(context) : ValueTask.FromResult<object?>(
            Answers.Forbidden("endpoints that handle private keys are not open to this caller: make keys on your own machine (setting PBTS_KEY_ENDPOINTS)"));
    }
}
