namespace Pbts.Api.Http;

/// <summary>A JSON body. The type is what is described, and says how it is read; what may be left out has a default.</summary>
internal interface IBody<TSelf>
    where TSelf : class, IBody<TSelf>
{
    /// <summary>Bytes of the largest.</summary>
    static virtual int Most => JsonBody.Small;

    /// <summary>Whether there may be no body at all.</summary>
    static virtual bool MayBeAbsent => false;

    /// <summary>What the fields say; meaningless when one is wrong, see <see cref="JsonFields.Error"/>.</summary>
    static abstract TSelf Read(JsonFields fields);
}
