namespace Pbts.Protocol.Passports;

/// <summary>What of a passport does not hold, in the order it is checked; the text is that of <see cref="EnumText"/>.</summary>
public enum PassportStep
{
    /// <summary>It is no passport, or a field is missing or not in its one form.</summary>
    Format,

    /// <summary>The subject's key is not that of the member who brings it.</summary>
    SubjectKey,

    /// <summary>Nobody here believes who signed it.</summary>
    Issuer,

    /// <summary>The issuer's address did not sign what it says.</summary>
    IssuerSignature,

    /// <summary>It is of a time to come.</summary>
    NotYetValid,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>The proof in it does not lead to the root that was signed, or is somebody else's.</summary>
    Proof,

    /// <summary>It says that more was given than the leaf it rests on.</summary>
    AnchoredLeaf,

    /// <summary>The subject's key has not signed it over to this tracker.</summary>
    HolderSignature,

    /// <summary>The subject has not been a member of the issuer for long enough.</summary>
    MemberAge,

    /// <summary>What it says counts already: for another member, or in this member's totals.</summary>
    Counted,

    /// <summary>There is fresher evidence of the same issuer.</summary>
    Older,
}
