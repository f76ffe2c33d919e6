using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Gauging;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Mixed;

/// <summary>What few rows say by chance decides nothing.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PartTests : IDisposable
{
    private const int Rows = 64;
    private const int Part = 4;

    private readonly DataFolder _folder = new();
    private readonly OnnxModel _model = PlantedModel.Chain(6, [3]);

    /// <summary>Rows that a part of four, spread evenly, is made of.</summary>
    private static readonly int[] s_part = [8, 24, 40, 56];

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_part_on_which_the_original_is_poor_does_not_keep_everything_float()
    {
        var rows = RandomRows(Rows, seed: 7);
        var labels = Answers(_model, rows).Select((label, row) => s_part.Contains(row) ? (label + 1) % PlantedModel.Width : label);

        var result = Search(new BudgetLimit("top-1", new("p.yaml")) { Min = 0.9 }, rows, labels);

        Assert.That((result.IsReached, result.Result.Samples), Is.EqualTo((true, Rows)));
        Assert.That(result.Quantized.Holds, Is.False, "else there is nothing to search");
        Assert.That(result.Reverted.Select(candidate => candidate.Name), Is.EqualTo(new[] { "w3" }));
        Assert.That(result.Curve[^1].Reading.Value, Is.Zero, "the part misses its labels whatever is quantized");
    }

    [Test]
    public void A_part_with_rows_that_flip_does_not_keep_more_float_than_all_need()
    {
        // Rows whose class changes though the planted layer stays float: they alone make up the part.
        var many = RandomRows(4096, seed: 11);
        var context = new PassContext(_model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag());
        var trials = new Trials(context, "quantize-weights", new QuantizeWeightsOptions());
        var mended = trials.TakeAllBut(trials.TakeAll().Candidates.Where(candidate => candidate.Name == "w3"));
        var (before, after) = (Answers(_model, many).ToList(), Answers(mended, many).ToList());
        var flipping = new Queue<int>(Enumerable.Range(0, many.Count).Where(row => before[row] != after[row]));
        var steady = new Queue<int>(Enumerable.Range(0, many.Count).Where(row => before[row] == after[row]));
        Assume.That(flipping, Has.Count.GreaterThanOrEqualTo(Part));
        var chosen = Enumerable.Range(0, Rows).Select(row => s_part.Contains(row) ? flipping.Dequeue() : steady.Dequeue()).ToList();

        var result = Search(new BudgetLimit("top-1", new("p.yaml")) { MaxDrop = 0.07 }, [.. chosen.Select(row => many[row])], chosen.Select(row => before[row]));

        Assert.That(result.Quantized.Holds, Is.False, "else there is nothing to search");
        Assert.That(result.Reverted.Select(candidate => candidate.Name), Is.EqualTo(new[] { "w3" }));
        Assert.That(result.Result.Value, Is.EqualTo((Rows - Part) / (double)Rows), "all rows but those of the part keep their class");
    }

    [TestCase(0.80, true, false)]
    [TestCase(0.70, false, false)]
    [TestCase(0.50, false, true)]
    public void Only_what_chance_does_not_explain_fails_clearly(double value, bool holds, bool failsClearly)
    {
        // 90 % on all samples, 80 % on the part: 88 % are asked for on all.
        var level = new PartLevel(MetricUnit.Rate, new GaugeReading(0.9, 0.9, true, 1000), new GaugeReading(0.8, 0.8, false, 100));

        Assert.That(level.OnAll(value) >= 0.88, Is.EqualTo(holds));
        Assert.That(level.AtBest(value, higherIsBetter: true) < 0.88, Is.EqualTo(failsClearly));
    }

    [Test]
    public void A_level_without_end_moves_nothing()
    {
        var level = new PartLevel(MetricUnit.Decibel, new GaugeReading(double.PositiveInfinity, null, true, 10), new GaugeReading(double.PositiveInfinity, null, true, 2));

        Assert.That((level.OnAll(24), level.AtBest(24, true), level.AtBest(double.NaN, true)), Is.EqualTo((24.0, 27.0, double.NaN)));
    }

    [Test]
    public void Samples_run_at_once_share_a_session()
    {
        var engine = new SessionCounter(PassContexts.Engine);
        var settings = new EvaluateSettings { Data = [PlantedModel.WriteData(_folder)] };
        var goal = new AccuracyGoal(new BudgetLimit("sqnr", new("p.yaml")) { Min = 20 });
        using var gauge = new QualityGauge(engine, _model, settings, goal, default);

        gauge.MeasureAll(_model, default);
        gauge.MeasureNoise(_model, threads: 4, default);

        Assert.That((engine.Opened, engine.MostOpen), Is.EqualTo((3, 2)), "the original's, and one for each reading");
    }

    [Test]
    public void Candidates_are_measured_side_by_side_as_far_as_memory_goes()
    {
        var weights = 6L * PlantedModel.Width * PlantedModel.Width * sizeof(float);

        Assert.That(SideBySide.Fitting(_model, weights * 1000), Is.EqualTo(Environment.ProcessorCount));
        Assert.That(SideBySide.Fitting(_model, weights * 2 - 1), Is.EqualTo(1));
        Assert.That(SideBySide.Fitting(_model, 1), Is.EqualTo(1));
    }

    private MixedPrecisionResult Search(BudgetLimit limit, List<float[]> rows, IEnumerable<int> labels)
    {
        var data = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats($"({rows.Count}, {PlantedModel.Width})", [.. rows.SelectMany(row => row)])),
            ("labels", DataFolder.Longs($"({rows.Count},)", [.. labels.Select(label => (long)label)])));
        var goal = new AccuracyGoal(limit) { Samples = Part };
        using var gauge = new QualityGauge(PassContexts.Engine, _model, new EvaluateSettings { Data = [data] }, goal, default);
        var context = new PassContext(_model, new RewriteLog(), PassContexts.Engine, new DiagnosticBag());
        return new MixedPrecision(gauge, new Trials(context, "quantize-weights", new QuantizeWeightsOptions { Accuracy = goal }), _model, _ => { }, default).Search();
    }

    private static List<float[]> RandomRows(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, PlantedModel.Width).Select(_ => random.NextSingle() - 0.5f).ToArray())];
    }

    private static IEnumerable<int> Answers(OnnxModel model, List<float[]> rows)
    {
        using var session = PassContexts.Engine.Open(model, new SessionSettings());
        var output = session.Run(new Dictionary<string, Tensor> { ["x"] = Tensor.Create([rows.Count, PlantedModel.Width], [.. rows.SelectMany(row => row)]) })[0]!;
        return [.. output.ToFloats().Chunk(PlantedModel.Width).Select(row => Array.IndexOf(row, row.Max()))];
    }

    private sealed class SessionCounter(IInferenceEngine engine) : IInferenceEngine
    {
        private int _open;

        public int Opened { get; private set; }

        public int MostOpen { get; private set; }

        public string Description => engine.Description;

        public bool CanHold(DataType type) => engine.CanHold(type);

        public IInferenceSession Open(OnnxModel model, SessionSettings settings)
        {
            Opened++;
            MostOpen = Math.Max(MostOpen, Interlocked.Increment(ref _open));
            return new Session(engine.Open(model, settings), () => Interlocked.Decrement(ref _open));
        }

        public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings) => engine.OpenProfiled(model, settings);

        public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level) => engine.Optimize(model, level);

        private sealed class Session(IInferenceSession session, Action close) : IInferenceSession
        {
            public IReadOnlyList<NamedType> Inputs => session.Inputs;

            public IReadOnlyList<NamedType> Outputs => session.Outputs;

            public TimeSpan LoadTime => session.LoadTime;

            public IReadOnlyList<Tensor?> Run(IReadOnlyDictionary<string, Tensor> inputs) => session.Run(inputs);

            public IRuntimeValue Hold(Tensor tensor) => session.Hold(tensor);

            public IReadOnlyList<IRuntimeValue> Run(IReadOnlyDictionary<string, IRuntimeValue> inputs) => session.Run(inputs);

            public void Dispose()
            {
                close();
                session.Dispose();
            }
        }
    }
}
