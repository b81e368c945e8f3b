using System.Net.Security;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Connections;

/// <summary>
/// The certificate that is shown to clients. Its files are looked at again while there are handshakes: whoever renews them
/// restarts nothing. While they are unfit, half written for instance, the one before is shown.
/// </summary>
internal sealed partial class TlsCertificates(IOptions<NodeOptions> node, TimeProvider time, ILogger<TlsCertificates> logger)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private SslStreamCertificateContext? _context;
    private (DateTime, DateTime) _stamp;
    private long _lookedAt;

    /// <summary>The certificate of now.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            lock (_lock)
            {
                if (_context is null || time.GetElapsedTime(_lookedAt) > LookEvery)
                    Look();
                return _context!;
            }
        }
    }

    private void Look()
    {
        _lookedAt = time.GetTimestamp();
        var stamp = (Written(node.Value.Certificate), Written(node.Value.CertificateKey.Length > 0 ? node.Value.CertificateKey : node.Value.Certificate));
        if (_context is not null && stamp == _stamp)
            return;
        var problem = ServerCertificate.TryLoad(node.Value, out var context);
        if (context is null)
        {
            if (_context is null)
                throw new InvalidOperationException(problem);
            if (stamp != _stamp)
                LogUnfit(problem!);
        }
        else
        {
            LogTaken(context.TargetCertificate.Subject, context.TargetCertificate.NotAfter.ToUniversalTime());
            _context = context;
        }

        _stamp = stamp;
    }

    /// <summary>Of the file behind whatever links lead there: Kubernetes, and ACME clients, renew by changing a link.</summary>
    private static DateTime Written(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return File.GetLastWriteTimeUtc(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default; // Loading it says what is wrong.
        }
    }

    [LoggerMessage(LogLevel.Information, "TLS certificate of {Subject}, good until {NotAfter:u}.")]
    private partial void LogTaken(string subject, DateTime notAfter);

    [LoggerMessage(LogLevel.Warning, "The TLS certificate is not renewed: {Problem}")]
    private partial void LogUnfit(string problem);
}
