namespace Pbts.Api.Http;

/// <summary>Bytes that are hexadecimal digits in JSON.</summary>
internal readonly record struct HexBytes(byte[] Bytes);
