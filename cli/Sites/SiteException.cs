namespace Pbts.Cli.Sites;

/// <summary>Something of a site's data, its database or the tracker ends the command.</summary>
/// <param name="code">The exit code.</param>
/// <param name="message">What the operator is told.</param>
internal sealed class SiteException(int code, string message) : Exception(message)
{
    public int Code => code;
}
