using Npgsql;
using Orleans.Runtime;
using Orleans.Serialization;
using Pbts.Api.Callers;
using Pbts.Hosting.Resilience;

namespace Pbts.Api.Http;

/// <summary>
/// Turns what goes wrong inside into an answer that tells the caller what it needs and nothing of the inside: 503 when
/// the database or the cluster is away, else 500. The exception itself is logged.
/// </summary>
internal sealed partial class ErrorHandling(RequestDelegate next, ILogger<ErrorHandling> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        // From here on the path is for people to read, in logs and on record: a key in it is for nobody's eyes.
        if (context.Request.RouteValues["key"] is string key && context.GetEndpoint()?.Metadata.GetMetadata<SpokenBySite>() is not null)
            context.Request.Path = context.Request.Path.Value!.Replace(key, "KEY", StringComparison.Ordinal);
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone.
        }
#pragma warning disable CA1031 // The outermost place; nothing may leave it but an answer.
        catch (Exception e) when (!context.Response.HasStarted)
#pragma warning restore CA1031
        {
            context.Response.Clear();
            if (e is BadHttpRequestException bad)
            {
                await Answers.Error(bad.StatusCode, "the request could not be read").ExecuteAsync(context);
            }
            else if (Away.Is(e))
            {
                LogAway(context.Request.Path, e.Message);
                await Answers.Unavailable(context).ExecuteAsync(context);
            }
            else
            {
                LogFailed(e, context.Request.Path);
                await Answers.Error(StatusCodes.Status500InternalServerError, "internal error").ExecuteAsync(context);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Path} was answered with 503: {Problem}")]
    private partial void LogAway(string path, string problem);

    [LoggerMessage(LogLevel.Error, "{Path} failed")]
    private partial void LogFailed(Exception e, string path);
}
