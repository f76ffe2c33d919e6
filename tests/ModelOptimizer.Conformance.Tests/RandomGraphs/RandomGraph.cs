using CsCheck;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>One step of a script: which rule, and the seed of whatever the rule leaves open.</summary>
internal readonly record struct Step(int Rule, int Seed);

/// <summary>A recipe for a small model: fewer steps are a smaller model of the same kind, so that failures shrink.</summary>
internal sealed record RandomGraph(long Opset, int OutputSeed, Step[] Steps)
{
    private const int MaxSteps = 12;
    private const int Again = -1;

    private const long OldestOpset = 11;
    private const long NewestOpset = 21;

    private static readonly Rule[] Rules =
    [
        .. ElementwiseRules.All, .. TransposeRules.All, .. ReshapeRules.All, .. SelectionRules.All, .. WeightRules.All, .. PatternRules.All,
        .. ShapeRules.All, .. BodyRules.All,
    ];

    public static Gen<RandomGraph> Any { get; } =
        from opset in Gen.Long[OldestOpset, NewestOpset]
        from output in Gen.Int[0, 9999]
        from steps in Gen.Select(Gen.Int[-6, Rules.Length - 1], Gen.Int[0, 9999], (rule, seed) => new Step(Math.Max(rule, Again), seed)).Array[1, MaxSteps]
        select new RandomGraph(opset, output, steps);

    /// <summary>Builds the model, and passes it through the bytes of a file, so that passes know no more than they would of any file.</summary>
    public OnnxModel Build()
    {
        var scope = new Scope(new GraphBuilder(Opset), Opset, Place.Main);
        AddInputs(scope);
        Run(scope);
        AddOutputs(scope);
        return OnnxModel.Parse(ModelWriter.ToBytes(scope.Builder.Build()));
    }

    private static void AddInputs(Scope scope)
    {
        Input("image", DataType.Float, "n", 2, 4, 4);
        Input("sequence", DataType.Float, "n", "m", 4);
        Input("rows", DataType.Float, "n", 4);
        Input("fixed", DataType.Float, 3, 4);
        Input("ids", DataType.Int64, "n");
        Input("condition", DataType.Bool);

        void Input(string name, DataType type, params Dimension[] axes) => scope.Items.Add(new Item(scope.Builder.Input(name, type, axes), type, axes));
    }

    private void Run(Scope scope)
    {
        var (last, known) = (default(Step), 0);
        foreach (var step in Steps)
            if (step.Rule == Again)
                Repeat(scope, last, known);
            else
            {
                (last, known) = (step, scope.Items.Count);
                Run(scope, step);
            }
    }

    /// <summary>Makes the same nodes a second time, from the same values: something for the elimination of common subexpressions.</summary>
    private static void Repeat(Scope scope, Step step, int known)
    {
        var later = scope.Items[known..];
        scope.Items.RemoveRange(known, later.Count);
        Run(scope, step);
        scope.Items.AddRange(later);
    }

    private static void Run(Scope scope, Step step)
    {
        scope.Draw = new Random(step.Seed);
        Rules[step.Rule](scope);
    }

    /// <summary>The last value and some in the middle; now and then one twice.</summary>
    private void AddOutputs(Scope scope)
    {
        var draw = new Random(OutputSeed);
        Item[] outputs = [scope.Items[^1], .. Enumerable.Range(0, draw.Next(4)).Select(_ => scope.Items[draw.Next(scope.Items.Count)])];
        for (var i = 0; i < outputs.Length; i++)
            scope.Builder.Output($"output_{i}", outputs[i].Value);
    }
}
