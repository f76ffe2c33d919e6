using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Evaluation;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class DataSetTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Rows_are_cut_along_the_first_axis_with_their_labels()
    {
        var file = _folder.WriteNpz("data.npz",
            ("x", DataFolder.Floats("(3, 2)", 1, 2, 3, 4, 5, 6)), ("labels", DataFolder.Longs("(3,)", 7, 8, 9)));

        var samples = new DataSet([file], DataFolder.Request(("x", DataType.Float, [-1, 2])) with { Batch = 2 }).Read().ToArray();

        Assert.That(samples.Select(s => s.Index), Is.EqualTo(new[] { 0, 1 }));
        Assert.That(samples.Select(s => s.Rows), Is.EqualTo(new[] { 2L, 1L }), "the last batch is smaller");
        Assert.That(samples[0].Inputs["x"].Dimensions, Is.EqualTo(new[] { 2L, 2L }));
        Assert.That(samples[1].Inputs["x"].AsSpan<float>().ToArray(), Is.EqualTo(new[] { 5f, 6f }));
        Assert.That(samples[0].Labels!.AsSpan<long>().ToArray(), Is.EqualTo(new[] { 7L, 8L }));
        Assert.That(samples[1].Labels!.AsSpan<long>().ToArray(), Is.EqualTo(new[] { 9L }));
    }

    [Test]
    public void One_axis_more_is_a_stack_fed_whole_and_scalars_repeat()
    {
        var file = _folder.WriteNpz("data.npz",
            ("x", DataFolder.Floats("(2, 3)", 1, 2, 3, 4, 5, 6)),
            ("state", DataFolder.Floats("(2, 2, 1)", 1, 2, 3, 4)),
            ("rate", DataFolder.Longs("()", 16000)),
            ("step", DataFolder.Longs("(2,)", 10, 11)));
        var request = DataFolder.Request(("x", DataType.Float, [-1, -1]), ("state", DataType.Float, [2, 1]),
            ("rate", DataType.Int64, []), ("step", DataType.Int64, []));

        var samples = new DataSet([file], request).Read().ToArray();

        Assert.That(samples, Has.Length.EqualTo(2));
        Assert.That(samples[1].Inputs["x"].Dimensions, Is.EqualTo(new[] { 1L, 3L }));
        Assert.That(samples[1].Inputs["state"].Dimensions, Is.EqualTo(new[] { 2L, 1L }));
        Assert.That(samples[1].Inputs["state"].AsSpan<float>().ToArray(), Is.EqualTo(new[] { 3f, 4f }));
        Assert.That(samples.Select(s => s.Inputs["rate"].AsSpan<long>()[0]), Is.EqualTo(new[] { 16000L, 16000L }));
        Assert.That(samples[1].Inputs["step"].Dimensions, Is.Empty);
        Assert.That(samples[1].Inputs["step"].AsSpan<long>()[0], Is.EqualTo(11));
    }

    [Test]
    public void A_fixed_first_axis_decides_how_many_rows_a_sample_has()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(4, 1)", 1, 2, 3, 4)), ("labels", DataFolder.Longs("(2,)", 0, 1)));

        var samples = new DataSet([file], DataFolder.Request(("x", DataType.Float, [2, 1]))).Read().ToArray();

        Assert.That(samples.Select(s => s.Inputs["x"].ElementCount), Is.EqualTo(new[] { 2, 2 }));
        Assert.That(samples[1].Labels!.AsSpan<long>().ToArray(), Is.EqualTo(new[] { 1L }), "one label per sample");
    }

    [Test]
    public void Narrower_integers_and_floats_widen()
    {
        var file = _folder.WriteNpz("data.npz", ("ids", DataFolder.Npy("'<i4'", "(1, 2)", -5, 6)), ("x", DataFolder.Npy("'<f2'", "(1, 1)", (Half)0.5)));

        var sample = new DataSet([file], DataFolder.Request(("ids", DataType.Int64, [-1, 2]), ("x", DataType.Float, [-1, 1]))).Read().Single();

        Assert.That(sample.Inputs["ids"].AsSpan<long>().ToArray(), Is.EqualTo(new[] { -5L, 6L }));
        Assert.That(sample.Inputs["x"].AsSpan<float>()[0], Is.EqualTo(0.5f));
    }

    [Test]
    public void Widening_loses_nothing_or_is_refused()
    {
        var integers = new[] { DataType.UInt8, DataType.Int8, DataType.UInt16, DataType.Int16, DataType.UInt32, DataType.Int32, DataType.UInt64, DataType.Int64 };
        foreach (var from in integers)
            foreach (var to in integers)
                if (from != to && Widening.IsPossible(from, to))
                    Assert.That(Widening.To(Tensor.Create(from, [1], Ones(from)), to).Bytes.ToArray(), Has.Some.Not.Zero, $"{from} → {to}");
        Assert.That(Widening.IsPossible(DataType.Int8, DataType.UInt16), Is.False);
        Assert.That(Widening.IsPossible(DataType.UInt64, DataType.Int64), Is.False);
        Assert.That(Widening.IsPossible(DataType.Double, DataType.Float), Is.False);
        Assert.That(Widening.IsPossible(DataType.Int32, DataType.Float), Is.False);
    }

    private static byte[] Ones(DataType type) => [.. Enumerable.Repeat((byte)1, type.BitWidth() / 8)];

    [Test]
    public void Everything_that_does_not_fit_is_said_at_once()
    {
        var file = _folder.WriteNpz("data.npz",
            ("input_id", DataFolder.Longs("(1, 4)", 1, 2, 3, 4)),
            ("mask", DataFolder.Npy("'<f8'", "(1, 4)", 1.0, 1, 1, 1)),
            ("image", DataFolder.Floats("(1, 3)", 1, 2, 3)),
            ("deep", DataFolder.Floats("(1, 1, 1, 1)", 1)));
        var request = DataFolder.Request(("input_ids", DataType.Int64, [-1, 4]), ("mask", DataType.Float, [-1, 4]),
            ("image", DataType.Float, [-1, 4]), ("deep", DataType.Float, [-1, 1]));

        var problems = Fail(file, request);

        Assert.That(problems.Select(p => p.Code), Is.All.EqualTo("MO5004"));
        Assert.That(problems[0].Message, Does.Contain("'input_ids' (int64[?,4])").And.Contain("is 'input_id' meant").And.Contain("mask"));
        Assert.That(problems[1].Message, Does.Contain("'mask' takes float").And.Contain("double"));
        Assert.That(problems[2].Message, Does.Contain("'image' is [?,4]").And.Contain("3 at axis 1"));
        Assert.That(problems[3].Message, Does.Contain("'deep' has rank 2").And.Contain("rank 4").And.Contain("stack"));
    }

    [Test]
    public void Different_numbers_of_samples_are_refused()
    {
        var file = _folder.WriteNpz("data.npz", ("a", DataFolder.Floats("(2, 1)", 1, 2)), ("b", DataFolder.Floats("(3, 1)", 1, 2, 3)));

        var problems = Fail(file, DataFolder.Request(("a", DataType.Float, [-1, 1]), ("b", DataType.Float, [-1, 1])));

        Assert.That(problems.Single().Message, Does.Contain("2 from a").And.Contain("3 from b"));
    }

    [TestCase("(2,)", "'<i8'", null, "2 labels")]
    [TestCase("(3,)", "'<f8'", null, "integers")]
    [TestCase("()", "'<i8'", null, "single number")]
    [TestCase("(3,)", "'<i8'", "label", "did you mean 'labels'?")]
    public void Labels_that_do_not_fit_are_refused(string shape, string descr, string? name, string reason)
    {
        var file = _folder.WriteNpz("data.npz",
            ("x", DataFolder.Floats("(3, 1)", 1, 2, 3)), ("labels", DataFolder.Npy(descr, shape, 0L, 1L, 2L)));

        var problem = Fail(file, DataFolder.Request(("x", DataType.Float, [-1, 1])) with { Labels = name }).Single();

        Assert.That(problem.Code, Is.EqualTo("MO5005"));
        Assert.That(problem.Message, Does.Contain(reason));
    }

    [Test]
    public void No_samples_at_all_is_an_error() =>
        Assert.That(Fail(_folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(0, 1)"))), DataFolder.Request(("x", DataType.Float, [-1, 1])))[0].Message,
            Does.Contain("no samples"));

    [Test]
    public void Arrays_without_an_input_are_ignored_but_listed()
    {
        var file = _folder.WriteNpz("data.npz", ("x", DataFolder.Floats("(1, 1)", 1)), ("text", DataFolder.Npy("'<U1'", "(1,)", 65)));
        var data = new DataSet([file], DataFolder.Request(("x", DataType.Float, [-1, 1])));

        Assert.That(data.Read().Count(), Is.EqualTo(1));
        Assert.That(data.Ignored, Is.EqualTo(new[] { "text <U1[1]" }));
    }

    [Test]
    public void A_single_array_needs_no_name_for_a_single_input()
    {
        var file = _folder.WriteNpz("data.npz", ("arr_0", DataFolder.Floats("(2, 1)", 1, 2)), ("labels", DataFolder.Longs("(2,)", 0, 1)));

        Assert.That(new DataSet([file], DataFolder.Request(("x", DataType.Float, [-1, 1]))).Read().Count(), Is.EqualTo(2));
    }

    [Test]
    public void Globs_and_folders_are_read_in_order_up_to_the_limit()
    {
        _folder.WriteNpz("b.npz", ("x", DataFolder.Floats("(2, 1)", 3, 4)));
        _folder.WriteNpz("a.npz", ("x", DataFolder.Floats("(2, 1)", 1, 2)));
        var request = DataFolder.Request(("x", DataType.Float, [-1, 1])) with { Limit = 3 };

        foreach (var path in new[] { _folder["*.npz"], _folder.Path })
            Assert.That(new DataSet([path], request).Read().Select(s => s.Inputs["x"].AsSpan<float>()[0]), Is.EqualTo(new[] { 1f, 3f, 4f }), path);
    }

    [TestCase("nowhere.npz", "no file or folder")]
    [TestCase("nowhere", "; correct the path or, where there is no data yet, let ModelOptimizer.Recording write what the app feeds")]
    [TestCase("*.npz", "Nothing matches")]
    [TestCase("notes.txt", "no data file")]
    [TestCase("", "no data files")]
    public void Paths_that_lead_nowhere_are_errors(string path, string reason)
    {
        _folder.WriteText("notes.txt", "");

        var problem = Assert.Throws<DiagnosticException>(
            () => _ = new DataSet([_folder[path]], DataFolder.Request(("x", DataType.Float, [1]))))!.Diagnostics[0];

        Assert.That(problem.Code, Is.EqualTo("MO5002"));
        Assert.That(problem.Message, Does.Contain(reason));
    }

    [Test]
    public void A_folder_of_npy_files_holds_one_array_per_input()
    {
        _folder.Write("a_b_0.npy", DataFolder.Floats("(2, 1)", 1, 2));
        _folder.Write("labels.npy", DataFolder.Longs("(2,)", 5, 6));

        var samples = new DataSet([_folder.Path], DataFolder.Request(("a/b:0", DataType.Float, [-1, 1]))).Read().ToArray();

        Assert.That(samples.Select(s => s.Inputs["a/b:0"].AsSpan<float>()[0]), Is.EqualTo(new[] { 1f, 2f }));
        Assert.That(samples[1].Labels!.AsSpan<long>()[0], Is.EqualTo(6));
    }

    [Test]
    public void Numbered_npy_files_are_sets_whose_lengths_may_differ()
    {
        _folder.Write("ids.10.npy", DataFolder.Longs("(1, 3)", 1, 2, 3));
        _folder.Write("ids.9.npy", DataFolder.Longs("(1, 1)", 4));

        var samples = new DataSet([_folder.Path], DataFolder.Request(("ids", DataType.Int64, [-1, -1]))).Read();

        Assert.That(samples.Select(s => s.Inputs["ids"].ElementCount), Is.EqualTo(new[] { 1, 3 }), "numbers, not text, give the order");
    }

    [Test]
    public void Json_lines_take_nested_arrays_with_or_without_the_batch_axis()
    {
        var file = _folder.WriteText("data.jsonl", """
            {"ids": [1, 2, 3], "mask": [[true, false, true]], "labels": 4}

            {"ids": [[5]], "mask": [[true]], "labels": [6], "note": "extra"}
            """);
        var data = new DataSet([file], DataFolder.Request(("ids", DataType.Int64, [-1, -1]), ("mask", DataType.Bool, [-1, -1])));

        var samples = data.Read().ToArray();

        Assert.That(samples[0].Inputs["ids"].Dimensions, Is.EqualTo(new[] { 1L, 3L }));
        Assert.That(samples[0].Inputs["mask"].AsSpan<bool>().ToArray(), Is.EqualTo(new[] { true, false, true }));
        Assert.That(samples.Select(s => s.Labels!.AsSpan<long>()[0]), Is.EqualTo(new[] { 4L, 6L }));
        Assert.That(data.Ignored, Is.EqualTo(new[] { "note" }));
    }

    [TestCase("""{"ids": [1, 2}""", "MO5003", "not valid JSON")]
    [TestCase("""[1, 2]""", "MO5003", "object")]
    [TestCase("""{"ids": [[1, 2], [3]]}""", "MO5004", "ragged at axis 1")]
    [TestCase("""{"ids": [1, 1.5]}""", "MO5004", "1.5 is no int64")]
    [TestCase("""{"ids": ["a"]}""", "MO5004", "a is no int64")]
    [TestCase("""{"id": [1]}""", "MO5004", "is 'id' meant")]
    [TestCase("""{"ids": [[[1]]]}""", "MO5004", "rank")]
    [TestCase("""{"ids": [1], "labels": "cat"}""", "MO5005", "cat is no int64")]
    public void A_bad_json_line_is_named(string text, string code, string reason)
    {
        var file = _folder.WriteText("data.jsonl", """{"ids": [1]}""" + "\n" + text);

        var problem = Fail(file, DataFolder.Request(("ids", DataType.Int64, [-1, -1])))[0];

        Assert.That(problem.Code, Is.EqualTo(code));
        Assert.That(problem.Message, Does.Contain(reason));
        Assert.That(problem.Location!.Line, Is.EqualTo(2));
    }

    private static IReadOnlyList<Diagnostic> Fail(string file, DataRequest request) =>
        Assert.Throws<DiagnosticException>(() => _ = new DataSet([file], request).Read().ToArray())!.Diagnostics;
}
