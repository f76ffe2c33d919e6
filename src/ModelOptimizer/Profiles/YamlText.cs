namespace ModelOptimizer.Profiles;

/// <summary>Texts as a profile writes them.</summary>
internal static class YamlText
{
    /// <summary>In double quotes, which take any text: quotes, backslashes and control characters are escaped.</summary>
    public static string Quote(string text) => $"\"{string.Concat(text.Select(Escape))}\"";

    private static string Escape(char c) => c switch
    {
        '"' or '\\' => $"\\{c}",
        _ when char.IsControl(c) => $"\\u{(int)c:x4}",
        _ => c.ToString(),
    };
}
