namespace Pbts.Protocol.Passports;

/// <summary>What a member brought to the issuer from elsewhere: for whoever reads the passport, and part of nothing that counts.</summary>
/// <param name="Issuer">Who vouched for it: an instance id in hexadecimal, or the address of a contract.</param>
/// <param name="Up">Bytes given.</param>
/// <param name="Down">Bytes taken.</param>
/// <param name="AsOf">Unix seconds of the moment it is of.</param>
public sealed record PassportImport(string Issuer, ulong Up, ulong Down, ulong AsOf);
