using System.Text.Json.Serialization;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Issuers;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Passports;

/// <summary>Body of <c>POST /user/{id}/passport</c>.</summary>
/// <param name="Time">Unix seconds that were signed; not with X-Passkey.</param>
/// <param name="Signature">The member's, over time and name; not with X-Passkey.</param>
/// <param name="Proof">Whether the contract's root goes with it, where there is one (true).</param>
internal sealed record PassportRequest(long? Time = null, ReceiptSignature? Signature = null, bool Proof = true) : IBody<PassportRequest>
{
    public static bool MayBeAbsent => true;

    public static PassportRequest Read(JsonFields fields) => new((long?)fields.OptionalUnsigned("time", uint.MaxValue), fields.OptionalSignature("signature"), fields.OptionalBoolean("proof") ?? true);
}

/// <summary>A passport that a member brings.</summary>
/// <param name="Passport">The document, as its tracker gave it.</param>
/// <param name="Signature">The member's, over the word, this tracker's instance id and the passport's hash (docs/passports.md).</param>
internal sealed record PassportOfferRequest(object Passport, ReceiptSignature Signature)
{
    /// <summary>Bytes of the largest body with as many as there may be.</summary>
    public const int MostInBody = PassportOffer.Most * PassportJson.MaxSize;

    private byte[] _document = [];

    /// <summary>Those of a body; none where it has no such field.</summary>
    public static IReadOnlyList<PassportOfferRequest> ReadAll(JsonFields fields, string name) => fields.Has(name) ? fields.Objects(name, PassportOffer.Most, Read) : [];

    public static PassportOfferRequest Read(JsonFields fields)
    {
        var element = fields.Element("passport");
        var offer = new PassportOfferRequest(element, fields.Signature("signature"));
        if (fields.Error is null)
            offer._document = PassportJson.Normalise(element) ?? fields.Wrong("passport", "is not valid Unicode", Array.Empty<byte>());
        return offer;
    }

    public PassportOffer ToOffer() => new(_document, Signature.ToArray());
}

/// <summary>Body of <c>POST /user/{id}/imports</c>: up to 16 passports.</summary>
internal sealed record ImportsRequest(IReadOnlyList<PassportOfferRequest> Passports) : IBody<ImportsRequest>
{
    public static int Most => PassportOfferRequest.MostInBody;

    public static ImportsRequest Read(JsonFields fields) => new(fields.Objects("passports", PassportOffer.Most, PassportOfferRequest.Read));
}

/// <summary>Answer to <c>POST /user/{id}/imports</c>: what became of each passport, in order.</summary>
internal sealed record ImportsAnswer(bool Success, IReadOnlyList<ImportAnswer> Results);

/// <summary>What became of a passport.</summary>
/// <param name="Status"><c>imported</c>, <c>updated</c>, <c>unchanged</c>, <c>refused</c> or <c>busy</c>.</param>
/// <param name="Step">What does not hold of one that was refused.</param>
/// <param name="Reason">Why, and what to do.</param>
/// <param name="Issuer">Who vouches for it, by its name here.</param>
/// <param name="Up">Bytes that count of what was given.</param>
/// <param name="Down">Bytes that count of what was taken.</param>
internal sealed record ImportAnswer(
    int Index, string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Step,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Issuer,
    long Up, long Down)
{
    public static IReadOnlyList<ImportAnswer> Of(IReadOnlyList<ImportOutcome> outcomes) =>
        [.. outcomes.Select((outcome, index) => new ImportAnswer(index, outcome.Status.ToText(), outcome.Step?.ToText(), outcome.Reason, outcome.Issuer, outcome.Up, outcome.Down))];
}

/// <summary>Something a member brought, as everybody may see it.</summary>
/// <param name="Issuer">The issuer's name here; where nobody vouches for it any more, its instance id or contract.</param>
/// <param name="Source"><c>passport</c> or <c>contract</c>.</param>
/// <param name="Up">Bytes given there, as was said.</param>
/// <param name="Down">Bytes taken there.</param>
/// <param name="AsOf">Unix seconds.</param>
/// <param name="Weight">Per cent that counts.</param>
/// <param name="BelievedUp">What of it counts.</param>
/// <param name="BelievedDown">What of it counts.</param>
internal sealed record BroughtAnswer(string Issuer, string Source, long Up, long Down, double AsOf, int Weight, long BelievedUp, long BelievedDown)
{
    public static BroughtAnswer Of(MemberImport import) =>
        new(import.Issuer, import.Source, import.Up, import.Down, import.AsOf.ToUnixTimeMilliseconds() / 1000.0, import.Weight, import.BelievedUp, import.BelievedDown);
}
