namespace Pbts.Local;

/// <summary>What a proxy serves HTTPS with.</summary>
/// <param name="Listen">Addresses with ports.</param>
/// <param name="Certificate">File of the certificate and those up to its root, in PEM.</param>
/// <param name="Key">File of its key.</param>
internal sealed record ProxyTls(IEnumerable<string> Listen, string Certificate, string Key);
