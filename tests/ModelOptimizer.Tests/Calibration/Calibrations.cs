using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Calibration;

/// <summary>Calibration of test models on samples given as tensors.</summary>
internal static class Calibrations
{
    /// <summary>A folder of JSON lines, one for each sample of single inputs.</summary>
    public static string WriteLines(DataFolder folder, params IEnumerable<string> lines)
    {
        var path = folder["calibration.jsonl"];
        File.WriteAllLines(path, lines);
        return path;
    }

    public static CalibrationData Of(string data, long memory = 1L << 30, int threads = 2, int samples = 256, IDiagnosticSink? diagnostics = null) =>
        new(PassContexts.Engine, new CalibrationSettings { Data = [data], Memory = new ByteSize(memory), Samples = samples }) { Threads = threads, Diagnostics = diagnostics };

    /// <summary>Every value of the main graph that nodes make.</summary>
    public static List<Value> MadeValues(OnnxModel model) =>
        [.. model.Graph.Nodes.Where(node => node.OpType != "Constant").SelectMany(node => node.Outputs).OfType<Value>()];

    /// <summary>As text that shows every bit.</summary>
    public static string Text(IEnumerable<KeyValuePair<Value, ValueRange>> ranges) =>
        string.Join('\n', ranges.Select(pair => $"{pair.Key} {BitConverter.SingleToInt32Bits(pair.Value.Low):x8} {BitConverter.SingleToInt32Bits(pair.Value.High):x8}"));

    public static Value Find(OnnxModel model, string name) =>
        GraphWalker.Graphs(model).SelectMany(graph => graph.Inputs.Concat(graph.MadeValues)).First(value => value.Name == name);

    public static Sample Sample(int index, params (string Name, Tensor Tensor)[] inputs) =>
        new(inputs.ToDictionary(input => input.Name, input => input.Tensor)) { Index = index };
}
