using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Pbts.Protocol.Attestation;

/// <summary>What a PCK certificate says of its processor (Intel SGX PCK Certificate Profile, extension 1.2.840.113741.1.13.1).</summary>
/// <param name="Components">Security versions of the sixteen components of the platform.</param>
/// <param name="PceSvn">Security version of the provisioning enclave.</param>
/// <param name="Fmspc">Six bytes that name the family, model and stepping.</param>
/// <param name="PceId">Two bytes that name the provisioning enclave.</param>
internal sealed record PckExtension(byte[] Components, int PceSvn, byte[] Fmspc, byte[] PceId)
{
    private const string Root = "1.2.840.113741.1.13.1";
    private const string Tcb = Root + ".2";

    public static bool TryRead(X509Certificate2 certificate, [NotNullWhen(true)] out PckExtension? extension)
    {
        extension = null;
        var raw = certificate.Extensions.FirstOrDefault(found => found.Oid?.Value == Root)?.RawData;
        if (raw is null)
            return false;
        var components = new byte[16];
        int? pceSvn = null;
        byte[]? fmspc = null, pceId = null;
        var seen = 0;
        try
        {
            var reader = new AsnReader(raw, AsnEncodingRules.DER);
            foreach (var (oid, value) in Pairs(reader.ReadSequence()))
            {
                if (oid == Tcb)
                {
                    foreach (var (part, number) in Pairs(value.ReadSequence()))
                    {
                        if (part == Tcb + ".17")
                            pceSvn = Number(number, ushort.MaxValue);
                        else if (part != Tcb + ".18" && int.TryParse(part.AsSpan(Tcb.Length + 1), out var index) && index is >= 1 and <= 16)
                        {
                            components[index - 1] = (byte)Number(number, byte.MaxValue);
                            seen |= 1 << (index - 1);
                        }
                    }
                }
                else if (oid == Root + ".3")
                    pceId = value.ReadOctetString();
                else if (oid == Root + ".4")
                    fmspc = value.ReadOctetString();
            }
        }
        catch (Exception e) when (e is AsnContentException or ArgumentOutOfRangeException)
        {
            return false;
        }

        if (seen != 0xffff || pceSvn is not { } svn || fmspc is not { Length: 6 } || pceId is not { Length: 2 })
            return false;
        extension = new(components, svn, fmspc, pceId);
        return true;
    }

    /// <summary>Pairs of a name and a value, whatever the value is.</summary>
    private static IEnumerable<(string Oid, AsnReader Value)> Pairs(AsnReader sequence)
    {
        while (sequence.HasData)
        {
            var pair = sequence.ReadSequence();
            yield return (pair.ReadObjectIdentifier(), pair);
        }
    }

    private static int Number(AsnReader reader, int max) =>
        reader.TryReadInt32(out var number) && number >= 0 && number <= max ? number : throw new AsnContentException("A security version is out of range.");
}
