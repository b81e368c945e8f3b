using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pbts.Api.Unit3d;

/// <summary>A number that is written with a fraction even where it is whole: PHP reads <c>0</c> as an integer, which UNIT3D refuses here.</summary>
internal sealed class WithFraction : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options) => writer.WriteRawValue(value.ToString("0.0######", CultureInfo.InvariantCulture));
}
