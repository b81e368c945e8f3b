using System.Net;

namespace Pbts.Hosting.Configuration;

/// <summary>An address that a process listens at.</summary>
/// <param name="Scheme">As in its URL, <c>https</c> for instance.</param>
/// <param name="EndPoint">Address and port.</param>
public readonly record struct ListenAddress(string Scheme, IPEndPoint EndPoint);
