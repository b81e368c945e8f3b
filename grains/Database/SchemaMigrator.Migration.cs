using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Pbts.Grains.Database;

public static partial class SchemaMigrator
{
    /// <summary>One schema script: <paramref name="Version"/> and <paramref name="Name"/> come from its file name.</summary>
    internal sealed partial record Migration(int Version, string Name, string Sql)
    {
        public static IReadOnlyList<Migration> Embedded { get; } = Load();

        /// <summary>The oldest program that may use the database once this is applied, by the newest script it knows; null when any may that could before.</summary>
        public int? Oldest { get; } = ReadOldest(Version, Name, Sql);

        public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

        private static int? ReadOldest(int version, string name, string sql)
        {
            var lines = OldestLine().Matches(sql);
            if (lines.Count == 0)
                return null;
            return lines.Count == 1 && int.TryParse(lines[0].Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var oldest) && oldest >= 1 && oldest <= version
                ? oldest
                : throw new FormatException($"Schema script {version:D4} ({name}): a line \"-- oldest: NNNN\" names one version, no later than its own.");
        }

        // Whatever looks as if it was meant, so that a slip is an error.
        [GeneratedRegex(@"^[ \t]*--[ \t]*oldest[ \t]*:[ \t]*(.*?)[ \t\r]*$", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
        private static partial Regex OldestLine();

        private static List<Migration> Load()
        {
            var assembly = typeof(SchemaMigrator).Assembly;
            var migrations = new List<Migration>();
            foreach (var file in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)))
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(file)!);
                var version = int.Parse(file.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture);
                migrations.Add(new Migration(version, Path.GetFileNameWithoutExtension(file)[5..], reader.ReadToEnd()));
            }
            return [.. migrations.OrderBy(m => m.Version)];
        }
    }
}
