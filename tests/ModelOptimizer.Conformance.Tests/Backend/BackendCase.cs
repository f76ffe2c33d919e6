using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Onnx;
using ModelOptimizer.OnnxRuntime;

namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>One case: a model with inputs, and the outputs that the ONNX project expects.</summary>
internal sealed partial class BackendCase
{
    private readonly List<DataSet> _dataSets;

    private BackendCase(OnnxModel model, List<DataSet> dataSets)
    {
        Model = model;
        _dataSets = dataSets;
    }

    public OnnxModel Model { get; }

    /// <summary>Reads a case's folder.</summary>
    /// <exception cref="OnnxRuntimeException">The runtime refuses the model.</exception>
    /// <exception cref="NotSupportedException">It has values that can't be fed.</exception>
    public static BackendCase Load(string folder)
    {
        var model = OnnxModel.Load(Path.Combine(folder, "model.onnx"));
        using var session = Open(model);
        var sets = Directory.GetDirectories(folder, "test_data_set_*").Order(StringComparer.Ordinal);
        return new BackendCase(model, [.. sets.Select(set => DataSet.Load(set, session))]);
    }

    /// <summary>What goes in and what is expected to come out, by name.</summary>
    public IEnumerable<(IReadOnlyDictionary<string, CaseValue> Inputs, IReadOnlyDictionary<string, CaseValue> Outputs)> Data =>
        _dataSets.Select(set => (set.Inputs, set.Outputs));

    /// <summary>Runs a form of the model on all data.</summary>
    /// <param name="looseness">How many times the usual tolerance.</param>
    /// <returns>The first difference from what is expected, in words; null when all is as it should be.</returns>
    public string? Check(OnnxModel form, float looseness = 1)
    {
        try
        {
            using var session = Open(form);
            return _dataSets.Select(set => set.Check(session, looseness)).FirstOrDefault(difference => difference is not null);
        }
        catch (OnnxRuntimeException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// The model with tensor inputs made constants, as exporters leave weights, axes and shapes, so that there is something to fold and fuse.
    /// </summary>
    /// <param name="keep">How many inputs stay as they are.</param>
    /// <returns>Null where there is no such form: nothing left to freeze, or several sets of data.</returns>
    public OnnxModel? WithConstantInputs(int keep)
    {
        if (_dataSets is not [var data])
            return null;
        var model = Model.Clone();
        model.RequireIrVersion(4);
        var frozen = model.Graph.Inputs.Skip(keep)
            .Where(input => input.Initializer is null && data.Inputs.GetValueOrDefault(input.Name)?.AsTensor is not null).ToList();
        foreach (var input in frozen)
        {
            input.Initializer = data.Inputs[input.Name].AsTensor;
            model.Graph.AddInitializer(input);
            model.Graph.FreezeInput(input);
        }
        return frozen.Count > 0 ? model : null;
    }

    private static InferenceSession Open(OnnxModel model)
    {
        RuntimeEnvironment.Prepare();
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        return new InferenceSession(ModelWriter.ToBytes(model), options);
    }

    /// <summary>One <c>test_data_set_N</c>.</summary>
    private sealed partial record DataSet(IReadOnlyDictionary<string, CaseValue> Inputs, IReadOnlyDictionary<string, CaseValue> Outputs)
    {
        public static DataSet Load(string folder, InferenceSession session) => new(
            Values(folder, "input", session.InputNames, session.InputMetadata),
            Values(folder, "output", session.OutputNames, session.OutputMetadata));

        public string? Check(InferenceSession session, float looseness)
        {
            var inputs = Inputs.Where(input => session.InputNames.Contains(input.Key)).ToDictionary(input => input.Key, input => input.Value.ToOrtValue());
            try
            {
                using var run = new RunOptions();
                using var outputs = session.Run(run, inputs, session.OutputNames);
                return Differences(session.OutputNames, [.. outputs.Select(CaseValue.Of)], looseness).FirstOrDefault();
            }
            finally
            {
                foreach (var value in inputs.Values)
                    value.Dispose();
            }
        }

        private IEnumerable<string> Differences(IReadOnlyList<string> names, IReadOnlyList<CaseValue> actual, float looseness)
        {
            foreach (var (name, expected) in Outputs)
                if (Closeness.Difference(expected, actual[names.ToList().IndexOf(name)], looseness) is { } difference)
                    yield return $"output '{name}': {difference}";
        }

        /// <summary>A file belongs to the input or output at its number.</summary>
        private static Dictionary<string, CaseValue> Values(
            string folder, string kind, IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> types) => Directory
            .GetFiles(folder, $"{kind}_*.pb")
            .Select(file => (Name: names[int.Parse(Number().Match(file).Value, CultureInfo.InvariantCulture)], File: file))
            .ToDictionary(entry => entry.Name, entry => CaseValue.Read(ByteString.CopyFrom(File.ReadAllBytes(entry.File)), types[entry.Name]));

        [GeneratedRegex(@"[0-9]+(?=\.pb$)")]
        private static partial Regex Number();
    }
}
