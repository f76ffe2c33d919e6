using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SaveTests : IDisposable
{
    private static readonly float[] s_big = [.. Enumerable.Range(0, 1000).Select(i => (float)i)];
    private static readonly float[] s_other = [.. s_big.Select(v => -v)];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_small_model_is_one_file_equal_to_what_was_read()
    {
        var proto = TwoWeights();

        ModelWriter.Save(Load(proto), _folder["m.onnx"]);

        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "m.onnx" }));
        Assert.That(MessageDiff.First(proto, ModelProto.Parser.ParseFrom(File.ReadAllBytes(_folder["m.onnx"]))), Is.Null);
    }

    [Test]
    public void From_the_limit_on_tensors_go_into_a_data_file()
    {
        ModelWriter.Save(Load(TwoWeights()), _folder["m.onnx"], new SaveOptions { InlineLimit = 8000 });

        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "m.onnx", "m.onnx.data" }));
        Assert.That(new FileInfo(_folder["m.onnx"]).Length, Is.LessThan(1000));
        AssertWeights(OnnxModel.Load(_folder["m.onnx"]));
    }

    [Test]
    public void Below_the_limit_they_do_not()
    {
        ModelWriter.Save(Load(TwoWeights()), _folder["m.onnx"], new SaveOptions { InlineLimit = 9000 });

        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "m.onnx" }));
    }

    [Test]
    public void A_model_read_with_external_data_keeps_it_though_it_became_small()
    {
        ModelWriter.Save(Load(TwoWeights()), _folder["m.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Always });
        var model = OnnxModel.Load(_folder["m.onnx"]).Clone();
        ReplaceBoth(model, s_other);

        ModelWriter.Save(model, _folder["small.onnx"]);

        Assert.That(_folder.FileNames, Does.Contain("small.onnx.data"));
    }

    [Test]
    public void Never_puts_external_data_back_into_the_model()
    {
        ModelWriter.Save(Load(TwoWeights()), _folder["m.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Always });

        ModelWriter.Save(OnnxModel.Load(_folder["m.onnx"]), _folder["one.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Never });

        Assert.That(_folder.FileNames, Does.Not.Contain("one.onnx.data"));
        AssertWeights(OnnxModel.Load(_folder["one.onnx"]));
    }

    [Test]
    public void Tensors_are_laid_out_aligned_in_order_and_shared_ones_once()
    {
        var model = Load(TwoWeights());
        var graph = model.Graph;
        var huge = Tensor.Create([1 << 18], new float[1 << 18]);
        var last = graph.AddInitializer("huge", huge);
        var again = graph.AddInitializer("huge_again", huge);
        graph.Insert(null, "Add", [last, again]);

        ModelWriter.Save(model, _folder["m.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Always });

        var offsets = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_folder["m.onnx"])).Graph.Initializer
            .Select(t => t.ExternalData.Single(e => e.Key == "offset").Value);
        Assert.That(offsets, Is.EqualTo(new[] { "0", "4032", "65536", "65536" }));
        Assert.That(new FileInfo(_folder["m.onnx.data"]).Length, Is.EqualTo(65536 + (4 << 18)));
    }

    [Test]
    public void Saving_over_the_model_that_was_read_harms_neither_result_nor_the_models_in_memory()
    {
        ModelWriter.Save(Load(TwoWeights()), _folder["m.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Always });
        var baseline = OnnxModel.Load(_folder["m.onnx"]);
        var candidate = baseline.Clone();
        var first = candidate.Graph.Initializers[0];
        first.ReplaceAllUsesWith(candidate.Graph.AddInitializer("other", Tensor.Create([1000], s_other)));
        candidate.Graph.RemoveInitializer(first);

        ModelWriter.Save(candidate, _folder["m.onnx"]);

        AssertWeights(baseline);
        var saved = OnnxModel.Load(_folder["m.onnx"]).Graph.Initializers;
        Assert.That(saved.Single(v => v.Name == "other").Initializer!.AsSpan<float>().ToArray(), Is.EqualTo(s_other));
        Assert.That(saved.Single(v => v.Name == "b").Initializer!.AsSpan<float>().ToArray(), Is.EqualTo(s_other));
    }

    [Test]
    public void A_place_that_cannot_be_written_is_named_with_the_next_step_and_nothing_stays_behind()
    {
        Directory.CreateDirectory(_folder["m.onnx"]);

        var e = Assert.Throws<InvalidModelException>(() =>
            ModelWriter.Save(Load(TwoWeights()), _folder["m.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Always }))!;

        Assert.That(e.Problem, Is.EqualTo(ModelProblem.CannotWrite));
        Assert.That(e.Message, Does.Contain("is a folder").And.Contain("choose another output path"));
        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "m.onnx" }));
    }

    [Test]
    public void A_failed_save_leaves_the_old_pair_of_files_as_it_was()
    {
        using var files = new AtomicFiles();
        File.WriteAllText(_folder["m.data"], "old data");
        Write(files, "m.data", "new data");
        Write(files, "m", "new model");
        Directory.CreateDirectory(_folder["m"]);

        Assert.That(files.Commit, Throws.InstanceOf<Exception>());
        files.Dispose();

        Assert.That(File.ReadAllText(_folder["m.data"]), Is.EqualTo("old data"));
        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "m", "m.data" }));
    }

    [Test]
    public void A_message_beyond_two_gibibytes_is_refused_before_a_byte_is_written()
    {
        using var data = new FileStream(_folder["huge.data"], FileMode.Create);
        data.SetLength(3L << 30); // sparse: takes no space
        var graph = Graph(["x"], ["y"], Node("Add", ["x", "w"], ["y"])).With(External("w", 3L << 28, "huge.data"));

        var e = Assert.Throws<InvalidModelException>(() => ModelWriter.Save(
            Load(Model(graph), _folder.Path), _folder["m.onnx"], new SaveOptions { ExternalData = ExternalDataMode.Never }))!;

        Assert.That(e.Problem, Is.EqualTo(ModelProblem.TooLarge));
        Assert.That(e.Message, Does.Contain("3,072 MiB").And.Contain("external data"));
        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "huge.data" }));
    }

    private void Write(AtomicFiles files, string name, string text)
    {
        using var stream = files.Create(_folder[name], text.Length);
        stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
    }

    private static ModelProto TwoWeights() => Model(
        Graph(["x"], ["y"], Node("Add", ["x", "a"], ["t"]), Node("Mul", ["t", "b"], ["y"])).With(Floats("a", s_big), Floats("b", s_other)));

    private static void AssertWeights(OnnxModel model)
    {
        Assert.That(model.Graph.Initializers[0].Initializer!.AsSpan<float>().ToArray(), Is.EqualTo(s_big));
        Assert.That(model.Graph.Initializers[1].Initializer!.AsSpan<float>().ToArray(), Is.EqualTo(s_other));
    }

    private static void ReplaceBoth(OnnxModel model, float[] by)
    {
        foreach (var old in model.Graph.Initializers.ToArray())
        {
            old.ReplaceAllUsesWith(model.Graph.AddInitializer("new", Tensor.Create([by.Length], by)));
            model.Graph.RemoveInitializer(old);
        }
    }
}
