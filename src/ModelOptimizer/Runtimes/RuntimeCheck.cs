using System.Text.RegularExpressions;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Runtimes;

/// <summary>Tells whether the version of ONNX Runtime that a project references loads the model that it embeds.</summary>
public sealed partial class RuntimeCheck
{
    private const string StandardForm = "or keep to operators of ONNX ('format: standard')";
    private const string ContribForm = "or leave out what needs it, such as 4-bit types of ONNX ('format: contrib'), or export the original in an older format";
    private const string LowerOpset =
        "or leave out what raises it ('upgrade-opset', 'target-opset', 'format: standard'), or export the original for an older opset";

    private readonly RuntimeTable _table;
    private readonly OnnxModel _model;
    private readonly string _name;
    private readonly string _text;
    private readonly SourceLocation? _location;
    private readonly List<Diagnostic> _found = [];

    private RuntimeCheck(RuntimeTable table, OnnxModel model, string name, string version, SourceLocation? location) =>
        (_table, _model, _name, _text, _location) = (table, model, name, version, location);

    /// <summary>Checks opsets, version of the format, operators and their forms.</summary>
    /// <param name="model">The model as it is embedded.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="version">The version of the package that is referenced, such as <c>1.20.1</c>.</param>
    /// <param name="location">Where to mend it.</param>
    /// <returns>What the runtime lacks, if anything.</returns>
    public static IReadOnlyList<Diagnostic> Check(OnnxModel model, string name, string version, SourceLocation? location = null) =>
        Check(RuntimeTable.Default, model, name, version, location);

    internal static IReadOnlyList<Diagnostic> Check(RuntimeTable table, OnnxModel model, string name, string version, SourceLocation? location)
    {
        var check = new RuntimeCheck(table, model, name, version, location);
        check.Run();
        return check._found;
    }

    /// <summary>Major, minor and patch of a package version; null when it doesn't begin with a number.</summary>
    public static Version? Parse(string version) => Version.TryParse(Numbers().Match(version).Value, out var numbers) ? numbers : null;

    private void Run()
    {
        if (Parse(_text) is not { } version)
            Unknown("is no version");
        else if (_table.For(version) is not { } release)
            Unknown($"is older than {_table.Releases[0].Version}, the first whose limits are known; reference a newer one to be sure");
        else if (_table.IsNewer(version))
            CheckNewer(release);
        else
            CheckKnown(version, release);
    }

    /// <summary>A newer runtime loads whatever the last known one does; of the rest nothing is known.</summary>
    private void CheckNewer(RuntimeRelease last)
    {
        if (Opset("") > last.Opset || Opset("ai.onnx.ml") > last.MachineLearningOpset || _model.IrVersion > last.IrVersion)
            Unknown($"is newer than {last.Version}, the last whose limits are known, and the model needs more than that. "
                + "Try it, or update ModelOptimizer");
    }

    private void CheckKnown(Version version, RuntimeRelease release)
    {
        CheckOpset("", "opset", release.Opset, known => known.Opset);
        CheckOpset("ai.onnx.ml", "opset of ai.onnx.ml", release.MachineLearningOpset, known => known.MachineLearningOpset);
        if (_model.IrVersion > release.IrVersion)
            Report(DiagnosticCatalog.RuntimeIrVersion, $"has IR version {_model.IrVersion}, and {Runtime} reads up to {release.IrVersion}",
                _table.FirstWith(known => known.IrVersion >= _model.IrVersion), ContribForm);
        CheckOperators(version);
    }

    private void CheckOpset(string domain, string what, long limit, Func<RuntimeRelease, long> limitOf)
    {
        var opset = Opset(domain);
        if (opset > limit)
            Report(DiagnosticCatalog.RuntimeOpset, $"has {what} {opset}, and {Runtime} loads up to {limit}",
                _table.FirstWith(known => limitOf(known) >= opset), LowerOpset);
    }

    /// <summary>Each operator once, by the form that came last.</summary>
    private void CheckOperators(Version version)
    {
        var missing = GraphWalker.Nodes(_model).Select(node => (Node: node, Row: Newest(node)))
            .Where(pair => pair.Row is not null && pair.Row.Since > version)
            .GroupBy(pair => pair.Row!, pair => pair.Node);
        foreach (var group in missing)
            Report(DiagnosticCatalog.RuntimeOperator,
                $"has {group.Count()} of {group.Key}{Example(group.First())}, which came with ONNX Runtime {group.Key.Since}, "
                + $"and the project references {_text}", group.Key.Since, StandardForm);
    }

    private static string Example(Node node) => node.Name.Length == 0 ? "" : $" ('{node.Name}')";

    private RuntimeOperator? Newest(Node node) =>
        node.Domain.Length == 0 ? null : _table.Operators.Where(row => row.Matches(node)).MaxBy(row => row.Since);

    /// <summary>The newest version of a domain that the model or one of its functions imports; 0 for none.</summary>
    private long Opset(string domain) => _model.Functions.Select(function => function.OpsetImports).Append(_model.OpsetImports)
        .Select(imports => imports.GetValueOrDefault(domain)).Max();

    private string Runtime => $"ONNX Runtime {_text}, which the project references,";

    private void Report(DiagnosticDescriptor descriptor, string problem, Version? first, string otherwise)
    {
        var upgrade = first is null
            ? "No release is known that does: look for a newer one,"
            : $"Reference Microsoft.ML.OnnxRuntime {first} or newer,";
        _found.Add(new Diagnostic(descriptor, $"'{_name}' {problem}. {upgrade} {otherwise}", _location));
    }

    private void Unknown(string why) =>
        _found.Add(new Diagnostic(DiagnosticCatalog.RuntimeUnknown,
            $"Whether ONNX Runtime {_text} loads '{_name}' can't be told: it {why}", _location));

    [GeneratedRegex(@"^\d+\.\d+(\.\d+)?")]
    private static partial Regex Numbers();
}
