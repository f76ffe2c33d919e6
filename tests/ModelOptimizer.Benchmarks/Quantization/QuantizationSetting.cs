using System.Text.RegularExpressions;
using ModelOptimizer.Benchmarks.Results;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Benchmarks.Quantization;

/// <summary>One profile of a file of settings.</summary>
/// <param name="Name">Behind the dashes of its document.</param>
/// <param name="Text">The document: <c>passes:</c>.</param>
internal sealed partial record QuantizationSetting(string Name, string Text)
{
    private const string GoalWord = "GOAL";

    private bool HasGoal => Text.Contains(GoalWord, StringComparison.Ordinal);

    /// <summary>The setting whose result tells how large this one's may be; null where sizes are free.</summary>
    public string? AsLargeAs => SizeWord().Match(Text) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>The profile for a model.</summary>
    /// <param name="data">The model and its data.</param>
    /// <param name="protocol">How much of the data it learns from.</param>
    /// <param name="path">Where the profile is written on the way.</param>
    /// <param name="bytes">Of what <see cref="AsLargeAs"/> makes of the model.</param>
    public OptimizationProfile For(ModelData data, Protocol protocol, string path, long bytes)
    {
        var text = SizeWord().Replace(Text, $"{bytes} B").Replace(GoalWord, HasGoal ? TaskQuality.Goal(data) : "", StringComparison.Ordinal);
        File.WriteAllText(path, $$"""
            version: 1
            calibration: { data: {{data.Calibration}}, samples: {{protocol.CalibrationSamples}} }
            {{(HasGoal ? $"evaluate: {{ data: {data.Evaluation} }}" : "")}}
            {{text}}
            """);
        var diagnostics = new DiagnosticBag();
        return ProfileReader.Read(path, diagnostics) ?? throw new InvalidOperationException(string.Join("; ", diagnostics.Diagnostics));
    }

    /// <summary>All documents of a file.</summary>
    public static IReadOnlyList<QuantizationSetting> Read(string path)
    {
        var parts = Heading().Split(File.ReadAllText(path));
        return [.. Enumerable.Range(0, parts.Length / 2).Select(i => new QuantizationSetting(parts[2 * i + 1].Trim(), parts[2 * i + 2]))];
    }

    [GeneratedRegex("^--- #(.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"BYTES\((.*?)\)")]
    private static partial Regex SizeWord();
}
