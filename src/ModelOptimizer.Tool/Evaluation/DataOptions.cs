using System.CommandLine;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tool;

/// <summary>The options that say on which data to measure what; the same words as in a profile.</summary>
internal sealed class DataOptions
{
    private readonly Option<string[]> _data = new("--data")
    {
        Description = ".npz, a folder of .npy, ONNX test_data_set_* folders, or .jsonl; one array per input",
        HelpName = "PATH",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _labels = new("--labels") { Description = "The array with the truth: a class per row, or the next token", HelpName = "ARRAY" };

    private readonly Option<string[]> _metrics = new("--metrics")
    {
        Description = "What to measure; by default what suits outputs and labels",
        HelpName = "NAME",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string?> _output = new("--scored-output") { Description = "The output that labels belong to, when several fit", HelpName = "NAME" };

    private readonly Option<int> _batch = new("--batch")
    {
        Description = "Rows per run",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
        CustomParser = NumberParsers.Whole("--batch", minimum: 1),
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _data, _labels, _metrics, _output, _batch })
            command.Options.Add(option);
    }

    /// <summary>What the command line says, over what the profile says; null when neither names data.</summary>
    /// <exception cref="UsageException">A metric does not exist, or something is said about data that are not there.</exception>
    public EvaluateSettings? Read(ParseResult parsed, EvaluateSettings? profile = null)
    {
        var metrics = parsed.GetValue(_metrics) ?? [];
        if (metrics.FirstOrDefault(name => MetricCatalog.Find(name) is null) is { } unknown)
            throw new UsageException($"There is no metric '{unknown}'{Suggestion.ClauseOrList(unknown, [.. MetricCatalog.All.Select(metric => metric.Name)])}");
        var data = parsed.GetValue(_data) ?? [];
        if (data.Length == 0 && profile is null)
            return IsAny(parsed, _labels, _metrics, _output) ? throw new UsageException("--labels, --metrics and --scored-output need --data") : null;
        var settings = profile ?? new EvaluateSettings();
        return settings with
        {
            Data = data.Length > 0 ? data : settings.Data,
            Images = data.Length > 0 ? [] : settings.Images,
            Text = data.Length > 0 ? [] : settings.Text,
            Labels = parsed.GetValue(_labels) ?? settings.Labels,
            Metrics = metrics.Length > 0 ? metrics : settings.Metrics,
            Output = parsed.GetValue(_output) ?? settings.Output,
            Batch = IsAny(parsed, _batch) ? parsed.GetValue(_batch) : settings.Batch,
        };
    }

    private static bool IsAny(ParseResult parsed, params ReadOnlySpan<Option> options)
    {
        foreach (var option in options)
            if (parsed.GetResult(option) is { Implicit: false })
                return true;
        return false;
    }
}
