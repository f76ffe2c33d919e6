using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.Backend;

/// <summary>
/// What is inferred about each case's outputs must be true of those that the ONNX project expects: with the inputs' shapes as declared, and with every
/// length a symbol of its own, whose value in the case is put into the inferred expressions.
/// </summary>
[Parallelizable(ParallelScope.Children)]
public sealed class InferenceTests
{
    [TestCaseSource(typeof(BackendCases), nameof(BackendCases.All))]
    public void Inferred_types_are_true_of_what_comes_out(string folder)
    {
        var test = BackendTests.Load(folder);
        if (test.Check(test.Model) is { } flaw)
            Assert.Ignore($"the runtime doesn't answer as expected even without us: {flaw}");
        Assert.Multiple(() =>
        {
            foreach (var form in new[] { test.Model, test.WithConstantInputs(keep: 1), test.WithConstantInputs(keep: 0) }.OfType<OnnxModel>())
            {
                Check(test, form.Clone());
                Check(test, WithSymbols(form.Clone()));
            }
        });
    }

    private static OnnxModel WithSymbols(OnnxModel model)
    {
        foreach (var input in model.Graph.Inputs.Where(input => input.Initializer is null && input.Type?.Shape is not null))
            input.Type = input.Type! with { Shape = new([.. input.Type.Shape!.Dimensions.Select((_, axis) => new Dimension(null, Symbol(model, input, axis)))]) };
        return model;
    }

    private static string Symbol(OnnxModel model, Value input, int axis) => $"n{model.Graph.Inputs.ToList().IndexOf(input)}_{axis}";

    private static void Check(BackendCase test, OnnxModel model)
    {
        var inference = new TypeInference(PassContexts.Engine);
        inference.Run(model);
        foreach (var (inputs, outputs) in test.Data)
        {
            var lengths = Lengths(model, inputs);
            foreach (var output in model.Graph.Outputs)
                if (output.Value.Type is { } type && outputs.GetValueOrDefault(output.Name)?.AsTensor is { } expected)
                    Check(output.Value, type, expected, lengths, inference);
        }
    }

    private static void Check(Value value, TensorType type, Tensor expected, Dictionary<string, long> lengths, TypeInference inference)
    {
        Assert.That(type.ElementType, Is.EqualTo(expected.ElementType), $"{value.Producer}");
        if (type.Shape is not { } shape)
            return;
        Assert.That(shape.Rank, Is.EqualTo(expected.Dimensions.Length), $"{value.Producer}: {type}");
        Assert.That(Known(shape.Dimensions, expected.Dimensions), Is.EqualTo(expected.Dimensions), $"{value.Producer}: {type}");
        if (inference.ElementsOf(value) is { } elements && expected.ToInt64s() is var actual)
            Assert.That(Known(elements, actual), Is.EqualTo(actual), $"{value.Producer}: {string.Join(", ", elements)}");

        IEnumerable<long> Known(IEnumerable<Dimension> found, IEnumerable<long> truth) => found.Zip(truth, (mine, its) => ValueOf(mine, lengths) ?? its);
    }

    private static long? ValueOf(Dimension length, Dictionary<string, long> lengths) => length.Value
        ?? (length.Symbol is { } text ? LengthExpression.Evaluate(text, symbol => lengths.TryGetValue(symbol, out var value) ? value : null) : null);

    private static Dictionary<string, long> Lengths(OnnxModel model, IReadOnlyDictionary<string, CaseValue> inputs)
    {
        var lengths = new Dictionary<string, long>();
        foreach (var input in model.Graph.Inputs)
            if (inputs.GetValueOrDefault(input.Name)?.AsTensor is { } tensor)
                for (var axis = 0; axis < tensor.Dimensions.Length; axis++)
                    lengths[Symbol(model, input, axis)] = tensor.Dimensions[axis];
        return lengths;
    }
}
