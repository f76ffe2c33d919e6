using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Inference;

/// <summary>
/// What inference says against what the runtime does: every value of real models becomes an output, the model runs at several sizes, and each
/// inferred length and element, worked out for those sizes, must be the actual one. A symbol that only the run decides must mean one length.
/// </summary>
public sealed class InferredShapesTests
{
    /// <summary>The lengths of two runs per symbol, different from symbol to symbol where the models allow it.</summary>
    private static readonly Dictionary<string, (string Symbol, long[] Lengths)[]> Sizes = new()
    {
        ["bert-toy"] = [("batch", [2, 3]), ("max_seq_len_in_batch", [5, 1])],
        ["gpt2-greedy-toy"] = [("batch_size", [2, 1]), ("sequence_length", [3, 5])],
        ["gpt2-past-toy"] = [("batch_size", [3, 1]), ("seq_len", [5, 6])],
        ["langid-bert"] = [("batch", [2, 3]), ("sequence", [5, 1])],
        ["manllama"] = [("batch", [2, 3]), ("seq", [5, 1])],
        ["ocr-cls"] = [("p2o.DynamicDimension.0", [2, 1]), ("p2o.DynamicDimension.1", [48, 48]), ("p2o.DynamicDimension.2", [192, 160])],
        ["ocr-det"] = [("p2o.DynamicDimension.0", [2, 1]), ("p2o.DynamicDimension.1", [64, 128]), ("p2o.DynamicDimension.2", [96, 64])],
        ["ocr-det-external"] = [("p2o.DynamicDimension.0", [2, 1]), ("p2o.DynamicDimension.1", [64, 128]), ("p2o.DynamicDimension.2", [96, 64])],
        ["ocr-rec"] = [("p2o.DynamicDimension.0", [2, 1]), ("p2o.DynamicDimension.1", [64, 100])],
        ["silero-legacy"] = [("batch", [2, 1]), ("sequence", [512, 1024])],
        ["silero-v5"] = [("input@0", [2, 1]), ("input@1", [576, 576]), ("state@1", [2, 1])],
    };

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Inferred_shapes_and_elements_are_those_of_a_run(string path)
    {
        var model = OnnxModel.Load(path);
        var inference = new TypeInference(PassContexts.Engine);
        inference.Run(model);
        var values = model.Graph.Nodes.SelectMany(node => node.Outputs).OfType<Value>().Where(value => value.Type is not null).ToList();
        using var session = PassContexts.Engine.Open(WithOutputs(model), new SessionSettings(Optimize: false));

        for (var run = 0; run < 2; run++)
        {
            var inputs = model.Graph.Inputs.Where(input => input.Initializer is null).ToDictionary(input => input.Name, input => Feed(path, input, run));
            var results = session.Run(inputs).Skip(model.Graph.Outputs.Count).ToList();
            Assert.Multiple(() => Compare(values, results, inference, new RunLengths(model, inputs)));
        }
    }

    /// <summary>Few are unknown: an axis after data-dependent control flow, not one after a lost chain of shapes.</summary>
    [TestCase("langid-bert.onnx")]
    [TestCase("manllama.onnx")]
    [TestCase("ocr-cls.onnx")]
    [TestCase("ocr-det.onnx")]
    [TestCase("ocr-rec.onnx")]
    [TestCase("bert-toy.onnx")]
    [TestCase("gpt2-past-toy.onnx")]
    public void Every_axis_of_these_models_is_known(string name)
    {
        var model = OnnxModel.Load(SharedModels.Require(name));

        new TypeInference(PassContexts.Engine).Run(model);

        Assert.That(GraphWalker.Nodes(model).SelectMany(node => node.Outputs).OfType<Value>().Where(value => value.Type?.Shape is not { IsKnown: true }), Is.Empty);
    }

    private static void Compare(List<Value> values, List<Tensor?> results, TypeInference inference, RunLengths lengths)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (results[i] is not { } result)
                continue;
            var type = values[i].Type!;
            Assert.That(result.ElementType, Is.EqualTo(type.ElementType), $"{values[i].Producer}");
            if (type.Shape is not { } shape)
                continue;
            Assert.That(result.Dimensions, Has.Length.EqualTo(shape.Rank), $"{values[i].Producer}: {type}");
            Assert.That(shape.Dimensions.Select(lengths.Of).Zip(result.Dimensions, (mine, its) => mine ?? its), Is.EqualTo(result.Dimensions), $"{values[i].Producer}: {type}");
            lengths.Learn(shape, result);
            if (inference.ElementsOf(values[i]) is { } elements && result.ToInt64s() is var actual)
                Assert.That(elements.Select(lengths.Of).Zip(actual, (mine, its) => mine ?? its), Is.EqualTo(actual), $"{values[i].Producer}: {string.Join(", ", elements)}");
        }
    }

    /// <summary>The model with every typed value of its main graph as a further output.</summary>
    private static OnnxModel WithOutputs(OnnxModel model)
    {
        var clone = model.Clone();
        foreach (var value in clone.Graph.Nodes.SelectMany(node => node.Outputs).OfType<Value>().Where(value => value.Type is not null).ToList())
            clone.Graph.AddOutput($"all_{clone.Graph.Outputs.Count}", value);
        return clone;
    }

    private static Tensor Feed(string path, Value input, int run)
    {
        var sizes = Sizes.GetValueOrDefault(Path.GetFileNameWithoutExtension(path), []).ToDictionary(size => size.Symbol, size => size.Lengths[run]);
        var dimensions = input.Type!.Shape!.Dimensions.Select(length => length.Value ?? sizes[length.Symbol!]).ToArray();
        var count = (int)dimensions.Aggregate(1L, (product, length) => product * length);
        var integer = input.Name switch { "sr" => 16000, "max_length" => 8, _ => 1 };
        return input.Type.ElementType switch
        {
            DataType.Int64 => Tensor.Create(dimensions, [.. Enumerable.Repeat((long)integer, count)]),
            DataType.Int32 => Tensor.Create(DataType.Int32, dimensions, Enumerable.Repeat(integer, count).ToArray()),
            _ => Tensor.Create(dimensions, [.. Enumerable.Range(0, count).Select(i => 1 + i % 7 * 0.1f)]),
        };
    }

    /// <summary>What each symbol means in one run.</summary>
    private sealed class RunLengths
    {
        private readonly Dictionary<string, long> _known = [];

        public RunLengths(OnnxModel model, Dictionary<string, Tensor> inputs)
        {
            foreach (var (name, tensor) in inputs)
                Learn(model.Graph.Inputs.Single(input => input.Name == name).Type!.Shape!, tensor);
        }

        /// <summary>Symbols that stand alone mean from now on what they meant here.</summary>
        public void Learn(Shape shape, Tensor tensor)
        {
            for (var axis = 0; axis < shape.Rank; axis++)
                if (shape[axis].Symbol is { } symbol)
                    _known.TryAdd(symbol, tensor.Dimensions[axis]);
        }

        public long? Of(Dimension length) => length.Value ?? (length.Symbol is { } text ? _known.TryGetValue(text, out var known)
            ? known
            : LengthExpression.Evaluate(text, symbol => _known.TryGetValue(symbol, out var value) ? value : null) : null);
    }
}
