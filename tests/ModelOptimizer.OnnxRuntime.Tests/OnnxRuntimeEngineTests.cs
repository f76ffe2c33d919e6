using System.Text;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.OnnxRuntime.Tests;

public sealed class OnnxRuntimeEngineTests
{
    private readonly OnnxRuntimeEngine _engine = new();

    private static readonly string Sample = Path.Combine(Repository.Root, "samples", "LanguageDetector", "Models", "langid.onnx");

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void Opens_every_real_model_and_tells_its_signature(string path)
    {
        var model = OnnxModel.Load(path);
        using var session = _engine.Open(model, new SessionSettings());

        Assert.That(session.Outputs.Select(output => output.Name), Is.EqualTo(model.Graph.Outputs.Select(output => output.Name)));
        Assert.That(session.Inputs, Is.Not.Empty);
        Assert.That(session.Inputs.Select(input => input.Type), Has.None.Null);
    }

    [Test]
    public void Tells_the_signature_of_the_sample()
    {
        using var session = Open();

        Assert.That(session.Inputs.Select(input => $"{input.Name}: {input.Type}"), Is.EqualTo(new[] { "input_ids: int64[batch,length]" }));
        Assert.That(session.Outputs.Select(output => $"{output.Name}: {output.Type}"), Is.EqualTo(new[] { "logits: float[batch,25]" }));
    }

    [Test]
    public void Runs_a_model_on_data()
    {
        using var session = Open();
        var german = Ids("Die Einstellungen werden gespeichert, wenn das Fenster geschlossen wird.");
        var french = Ids("Les paramètres sont enregistrés lorsque la fenêtre est fermée.");

        Assert.That(Best(session, german), Is.Not.EqualTo(Best(session, french)));
        Assert.That(Best(session, german), Is.EqualTo(Best(session, Ids("Das Programm wurde beendet, weil ein Fehler aufgetreten ist."))));
    }

    [Test]
    public void A_refused_run_tells_the_reason_without_source_paths()
    {
        using var session = Open();
        var wrong = Tensor.Create([2, 2, 2], new long[8]);

        var refusal = Assert.Throws<InferenceException>(
            () => session.Run(new Dictionary<string, Tensor> { [session.Inputs[0].Name] = wrong }))!;

        Assert.That(refusal.Message, Does.Contain("Got: 3 Expected: 2").And.Not.Contain(".cc"));
    }

    [TestCase(0)]
    [TestCase(1)]
    public void A_lent_tensor_is_read_where_it_lies_and_copied_where_it_is_not_aligned(int offset)
    {
        var g = new GraphBuilder();
        g.Output("y", g.Op("Neg", g.Input("x", DataType.Float, 2)));
        using var session = _engine.Open(g.Build(), new SessionSettings());
        var bytes = new byte[offset + 8];
        BitConverter.TryWriteBytes(bytes.AsSpan(offset), 1f);
        using var lent = session.Lend(Tensor.Over(DataType.Float, [2], bytes.AsMemory(offset)));
        BitConverter.TryWriteBytes(bytes.AsSpan(offset), 5f);

        var output = session.Run(new Dictionary<string, IRuntimeValue> { ["x"] = lent }).Single();
        Assert.That(output.Tensor!.AsSpan<float>()[0], Is.EqualTo(offset == 0 ? -5 : -1));
        output.Dispose();
    }

    private IInferenceSession Open() => _engine.Open(OnnxModel.Load(Sample), new SessionSettings());

    /// <summary>The sample reads UTF-8 bytes, each plus one.</summary>
    private static Tensor Ids(string text)
    {
        var ids = Encoding.UTF8.GetBytes(text).Select(value => value + 1L).ToArray();
        return Tensor.Create([1, ids.Length], ids);
    }

    private static int Best(IInferenceSession session, Tensor ids)
    {
        var logits = session.Run(new Dictionary<string, Tensor> { [session.Inputs[0].Name] = ids })[0]!;
        Assert.That(logits.Dimensions, Is.EqualTo(new long[] { 1, 25 }));
        var scores = logits.AsSpan<float>().ToArray();
        return Array.IndexOf(scores, scores.Max());
    }
}
