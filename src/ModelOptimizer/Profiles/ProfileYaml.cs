using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelOptimizer.Profiles;

/// <summary>Writes a tree as YAML in block style, each value with its origin as a comment.</summary>
internal static partial class ProfileYaml
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Write(ProfileMap tree)
    {
        var text = new StringBuilder();
        WriteMap(text, tree, 0);
        return text.ToString();
    }

    /// <summary>A scalar with quotes where it needs them.</summary>
    public static string Spell(ProfileScalar scalar)
    {
        var text = scalar.Text.Replace("${", "$${", StringComparison.Ordinal);
        var mayBePlain = scalar.IsPlain || CoreSchema.TypeOf(scalar with { IsPlain = true }) == ScalarType.Text;
        // A JSON string is a double-quoted YAML text.
        return mayBePlain && Harmless().IsMatch(text) ? text : JsonSerializer.Serialize(text, Readable);
    }

    private static void WriteMap(StringBuilder text, ProfileMap map, int indentation)
    {
        foreach (var entry in map.Entries)
            WriteValue(text, $"{new string(' ', indentation)}{entry.Key}:", entry.Value, indentation + 2);
    }

    private static void WriteList(StringBuilder text, ProfileList list, int indentation)
    {
        foreach (var item in list.Items)
            if (item is ProfileMap { Entries: [var only] })
                WriteValue(text, $"{new string(' ', indentation)}- {only.Key}:", only.Value, indentation + 4);
            else
                WriteValue(text, $"{new string(' ', indentation)}-", item, indentation + 2);
    }

    private static void WriteValue(StringBuilder text, string head, ProfileNode value, int indentation)
    {
        if (value is ProfileScalar scalar)
            text.Append($"{head} {Spell(scalar)}  # {scalar.Origin}\n");
        else if (value is ProfileMap { Entries.Count: 0 } or ProfileList { Items.Count: 0 })
            text.Append($"{head} {(value is ProfileMap ? "{}" : "[]")}  # {value.Origin}\n");
        else
            WriteChildren(text.Append(head).Append('\n'), value, indentation);
    }

    private static void WriteChildren(StringBuilder text, ProfileNode value, int indentation)
    {
        if (value is ProfileMap map)
            WriteMap(text, map, indentation);
        else
            WriteList(text, (ProfileList)value, indentation);
    }

    [GeneratedRegex(@"^[A-Za-z0-9_./][A-Za-z0-9_./%*-]*( [A-Za-z0-9_./%*-]+)*\z")]
    private static partial Regex Harmless();
}
