global using Refusal = Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<Pbts.Api.Http.ErrorAnswer>;
using System.Globalization;

namespace Pbts.Api.Http;

/// <summary>The refusals of the JSON interfaces, all of one shape.</summary>
internal static class Answers
{
    public static Refusal BadRequest(string error) => Error(StatusCodes.Status400BadRequest, error);

    public static Refusal Unauthorized(string error) => Error(StatusCodes.Status401Unauthorized, error);

    public static Refusal Forbidden(string error) => Error(StatusCodes.Status403Forbidden, error);

    public static Refusal NotFound(string error) => Error(StatusCodes.Status404NotFound, error);

    public static Refusal Conflict(string error) => Error(StatusCodes.Status409Conflict, error);

    public static Refusal TooLarge(string error) => Error(StatusCodes.Status413PayloadTooLarge, error);

    /// <summary>The tracker has too much to do; the caller may try again after the seconds given.</summary>
    public static Refusal TooMany(HttpContext context, int retryAfter = 2) =>
        Later(context, retryAfter, StatusCodes.Status429TooManyRequests, "too many requests: try again later");

    /// <summary>Something the answer depends on is away; the caller may try again after the seconds given.</summary>
    public static Refusal Unavailable(HttpContext context, int retryAfter = 5) =>
        Later(context, retryAfter, StatusCodes.Status503ServiceUnavailable, "temporarily unavailable: try again later");

    public static Refusal Error(int status, string error) =>
        TypedResults.Json(new ErrorAnswer(false, error), statusCode: status);

    private static Refusal Later(HttpContext context, int retryAfter, int status, string error)
    {
        context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        return Error(status, error);
    }
}
