using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests;

/// <summary>The texts that other programs and databases have: a member must not be called otherwise.</summary>
public sealed class EnumTextTests
{
    private enum Sample
    {
        One,
        TwoWords,
    }

    [Fact]
    public void Texts_are_the_names_in_kebab_case_and_nothing_else_is_read()
    {
        Assert.Equal(["one", "two-words"], Texts<Sample>());
        Assert.True(EnumText.TryParse("two-words", out Sample value));
        Assert.Equal(Sample.TwoWords, value);
        Assert.All(["", "One", "two_words", "1", "none", null], text => Assert.False(EnumText.TryParse<Sample>(text, out _)));
        Assert.Throws<FormatException>(() => EnumText.Parse<Sample>("none"));
    }

    [Fact]
    public void Migrations_have_the_texts_of_their_schema()
    {
        Assert.Equal(["pending", "running", "paused", "completed", "failed", "cancelled"], Texts<MigrationState>());
        Assert.Equal(["deploy", "discover", "migrate", "retire", "done"], Texts<MigrationPhase>());
    }

    private static IEnumerable<string> Texts<T>() where T : struct, Enum => Enum.GetValues<T>().Select(value => value.ToText());
}
