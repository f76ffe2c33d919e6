using System.IO.Compression;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Evaluation;

/// <summary>Data is often sorted by class: where not all samples are used, those that are come from all over it, the same ones every time.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SpreadTests : IDisposable
{
    private static readonly DataRequest s_request = DataFolder.Request(("x", DataType.Float, [-1, 1]));
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Ten rows in three stretches: the middle of each.
    [TestCase(CompressionLevel.NoCompression, 3, 1, new[] { 1f, 5, 8 })]
    [TestCase(CompressionLevel.Fastest, 3, 1, new[] { 1f, 5, 8 })]
    [TestCase(CompressionLevel.Fastest, 1, 1, new[] { 5f })]
    [TestCase(CompressionLevel.Fastest, 2, 3, new[] { 3f, 4, 5, 9 })]
    [TestCase(CompressionLevel.Fastest, 10, 1, new[] { 0f, 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    [TestCase(CompressionLevel.Fastest, 100, 1, new[] { 0f, 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    public void Rows_of_an_archive_come_from_all_over_with_their_labels(CompressionLevel level, int limit, int batch, float[] expected)
    {
        var file = _folder.WriteNpz("data.npz", level, ("x", Rows(10)), ("labels", DataFolder.Longs("(10,)", [.. Enumerable.Range(100, 10)])));
        var data = new DataSet([file], s_request with { Limit = limit, Batch = batch });

        var samples = data.Read().ToList();

        Assert.That(Values(samples), Is.EqualTo(expected));
        Assert.That(samples.SelectMany(sample => sample.Labels!.ToInt64s()), Is.EqualTo(expected.Select(value => (long)value + 100)));
        Assert.That(samples.Select(sample => sample.Index), Is.EqualTo(Enumerable.Range(0, samples.Count)));
        Assert.That(Values(data.Read()), Is.EqualTo(expected), "read again, the same");
    }

    [Test]
    public void A_plain_array_is_no_different()
    {
        _folder.Write("x.npy", Rows(10));

        Assert.That(Values(new DataSet([_folder.Path], s_request with { Limit = 2 }).Read()), Is.EqualTo(new[] { 2f, 7 }));
    }

    [Test]
    public void Recordings_are_taken_from_first_to_last()
    {
        for (var i = 0; i < 9; i++)
            _folder.Write($"x.{i}.npy", DataFolder.Floats("(1, 1)", i));

        Assert.That(Values(new DataSet([_folder.Path], s_request with { Limit = 3 }).Read()), Is.EqualTo(new[] { 1f, 4, 7 }));
    }

    /// <summary>Of many files few are wanted: the others are looked into once, to count.</summary>
    [Test]
    public void Files_of_which_nothing_is_wanted_stay_closed()
    {
        var files = Enumerable.Range(0, 9).Select(i => _folder.Write($"x.{i}.npy", DataFolder.Floats("(1, 1)", i))).ToList();
        var data = new DataSet([_folder.Path], s_request with { Limit = 3 });
        using var samples = data.Read().GetEnumerator();
        Assert.That(samples.MoveNext());
        foreach (var i in new[] { 0, 2, 3, 5, 6, 8 })
            File.Delete(files[i]);

        var read = new List<Sample>();
        while (samples.MoveNext())
            read.Add(samples.Current);

        Assert.That(Values(read), Is.EqualTo(new[] { 4f, 7 }));
        Assert.That(Values(data.Read()), Is.EqualTo(new[] { 1f, 4, 7 }), "nor are they counted again");
    }

    [Test]
    public void Lines_that_are_passed_over_are_not_parsed()
    {
        var file = _folder.WriteText("data.jsonl", "nonsense\n\n{\"x\": [1]}\nnonsense\n");

        Assert.That(Values(new DataSet([file], s_request with { Limit = 1 }).Read()), Is.EqualTo(new[] { 1f }));
    }

    /// <summary>Two archives and a file of lines, nine samples in all.</summary>
    [Test]
    public void Files_of_all_kinds_share_the_places()
    {
        var a = _folder.WriteNpz("a.npz", ("x", Rows(4)));
        var b = _folder.WriteNpz("b.npz", ("x", Rows(2)));
        var c = _folder.WriteText("c.jsonl", "{\"x\": [10]}\n{\"x\": [11]}\n{\"x\": [12]}\n");

        var samples = new DataSet([a, b, c], s_request with { Limit = 3 }).Read().ToList();

        Assert.That(samples.Select(sample => Path.GetFileName(sample.Source)), Is.EqualTo(new[] { "a.npz", "b.npz", "c.jsonl" }));
        Assert.That(Values(samples), Is.EqualTo(new[] { 1f, 0, 11 }));
    }

    [Test]
    public void Arrays_do_not_crowd_out_pictures()
    {
        var array = _folder.WriteNpz("a.npz", ("x", DataFolder.Floats("(3, 3, 1, 1)", new float[9])));
        for (var i = 0; i < 3; i++)
            _folder.Write($"{i}.png", PictureFiles.Png(1, 1, 9, 9, 9));
        var settings = new CalibrationSettings { Data = [array], Images = [_folder["*.png"]], DivideBy = 1, Layout = ImageLayout.Nchw };

        var samples = new DataSet(settings, DataFolder.Request(("x", DataType.Float, [-1, 3, 1, 1])) with { Limit = 2 }).Read();

        Assert.That(samples.Select(sample => Path.GetFileName(sample.Source)), Is.EqualTo(new[] { "a.npz", "1.png" }));
    }

    private static byte[] Rows(int count) => DataFolder.Floats($"({count}, 1)", [.. Enumerable.Range(0, count).Select(i => (float)i)]);

    private static IEnumerable<float> Values(IEnumerable<Sample> samples) => samples.SelectMany(sample => sample.Inputs["x"].ToFloats());
}
