using System.Runtime.Versioning;
using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Recording.Tests;

/// <summary>What is recorded is what the optimizer reads.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class InputRecorderTests : IDisposable
{
    private static readonly DataRequest Sequences = Request(("ids", DataType.Int64, [Dimension.Unknown, Dimension.Unknown]), ("state", DataType.Float, [2, 1]), ("rate", DataType.Int32, []));

    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("recording-test-").FullName, "recorded");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Test]
    public void Runs_of_different_lengths_are_read_back_whole()
    {
        var recorder = new InputRecorder(_folder);
        recorder.Record(() => Run([1, 2, 3], 1));
        recorder.Record(() => [RecordedArray.Of<long>("ids", [4, 5, 6, 7], 2, 2), .. Run([], 2).Skip(1)]);

        var samples = Read(Sequences);

        Assert.That(samples, Has.Count.EqualTo(2));
        Assert.Multiple(() =>
        {
            Assert.That(samples[0].Inputs["ids"].AsSpan<long>().ToArray(), Is.EqualTo(new long[] { 1, 2, 3 }));
            Assert.That(samples[0].Inputs["ids"].Dimensions, Is.EqualTo(new long[] { 1, 3 }));
            Assert.That(samples[1].Inputs["ids"].Dimensions, Is.EqualTo(new long[] { 2, 2 }), "a batch stays one run");
            Assert.That(samples[1].Inputs["state"].AsSpan<float>().ToArray(), Is.EqualTo(new[] { 2f, -2 }));
            Assert.That(samples[1].Inputs["rate"].AsSpan<int>().ToArray(), Is.EqualTo(new[] { 16000 }));
        });
    }

    [Test]
    public void Runs_for_inputs_of_open_rank_keep_their_shape()
    {
        var recorder = new InputRecorder(_folder);
        recorder.Record(() => [RecordedArray.Of<float>("x", [1, 2, 3, 4, 5, 6], 2, 3), RecordedArray.Of<long>("axis", [1])]);

        NamedType[] open = [new("x", new TensorType(DataType.Float, null)), new("axis", new TensorType(DataType.Int64, null))];
        var inputs = Read(new(open, [])).Single().Inputs;

        Assert.That(inputs["x"].Dimensions, Is.EqualTo(new long[] { 2, 3 }));
        Assert.That(inputs["axis"].Dimensions, Is.Empty);
    }

    [Test]
    public void Runs_of_another_rank_than_the_input_are_refused()
    {
        new InputRecorder(_folder).Record(() => [RecordedArray.Of<float>("x", [1, 2], 2)]);

        Assert.That(() => Read(Request(("x", DataType.Float, [1, 2]))), Throws.InstanceOf<DiagnosticException>(), "not cut into rows");
    }

    [Test]
    public void Every_element_type_keeps_its_bits()
    {
        new InputRecorder(_folder).Record(() =>
        [
            RecordedArray.Of<bool>("b", [true, false], 2), RecordedArray.Of<sbyte>("i8", [-1], 1), RecordedArray.Of<byte>("u8", [255], 1), RecordedArray.Of<short>("i16", [-2], 1),
            RecordedArray.Of<ushort>("u16", [65535], 1), RecordedArray.Of<uint>("u32", [1u << 31], 1), RecordedArray.Of<ulong>("u64", [1ul << 63], 1),
            RecordedArray.Of<double>("f64", [0.1], 1), RecordedArray.Of<Half>("f16", [(Half)1.5], 1), RecordedArray.Of<Float16>("ort", [new Float16(0x3C00)], 1),
        ]);

        var inputs = Read(Request(("b", DataType.Bool, [2]), ("i8", DataType.Int8, [1]), ("u8", DataType.UInt8, [1]), ("i16", DataType.Int16, [1]), ("u16", DataType.UInt16, [1]),
            ("u32", DataType.UInt32, [1]), ("u64", DataType.UInt64, [1]), ("f64", DataType.Double, [1]), ("f16", DataType.Float16, [1]), ("ort", DataType.Float16, [1]))).Single().Inputs;

        Assert.Multiple(() =>
        {
            Assert.That(inputs["b"].Bytes.ToArray(), Is.EqualTo(new byte[] { 1, 0 }));
            Assert.That(inputs["u64"].AsSpan<ulong>()[0], Is.EqualTo(1ul << 63));
            Assert.That(inputs["f64"].AsSpan<double>()[0], Is.EqualTo(0.1));
            Assert.That(inputs["f16"].AsSpan<Half>()[0], Is.EqualTo((Half)1.5));
            Assert.That(inputs["ort"].AsSpan<Half>()[0], Is.EqualTo((Half)1));
        });
    }

    [Test]
    public void Files_are_bounded_also_over_several_starts_of_the_app()
    {
        var first = new InputRecorder(_folder, limit: 3);
        Assert.That(Enumerable.Range(0, 2).Select(_ => first.Record(() => Run([1], 1))), Has.All.True);

        var second = new InputRecorder(_folder, limit: 3);
        Assert.That(second.Count, Is.EqualTo(2));
        Assert.That(second.Record(() => Run([2], 1)), Is.True);
        Assert.That(second.IsFull);
        Assert.That(second.Record(() => throw new InvalidOperationException("nobody asks any more")), Is.False);
        Assert.That(Files(), Is.EqualTo(new[] { "sample-000000.npz", "sample-000001.npz", "sample-000002.npz" }));
    }

    [Test]
    public void One_of_several_runs_is_taken()
    {
        var recorder = new InputRecorder(_folder, every: 3);

        for (var run = 0; run < 7; run++)
            recorder.Record(() => Run([run], 1));

        Assert.That(Read(Sequences).Select(sample => sample.Inputs["ids"].AsSpan<long>()[0]), Is.EqualTo(new long[] { 0, 3, 6 }));
    }

    [Test]
    public void Threads_and_recorders_on_one_folder_do_not_disturb_each_other()
    {
        var recorders = new[] { new InputRecorder(_folder, limit: 40), new InputRecorder(_folder, limit: 40) };

        Parallel.For(0, 200, run => recorders[run % 2].Record(() => Run([run], 1)));

        Assert.That(Files(), Has.Length.InRange(40, 41), "only at the same moment may each think that it has the last place");
        Assert.That(Read(Sequences).Select(sample => sample.Inputs["ids"].AsSpan<long>()[0]), Is.Unique);
    }

    [Test]
    public void Recorders_on_one_folder_fill_it_together()
    {
        var (first, second) = (new InputRecorder(_folder, limit: 3), new InputRecorder(_folder, limit: 3));

        var recorded = Enumerable.Range(0, 8).Select(run => (run % 2 == 0 ? first : second).Record(() => Run([run], 1))).ToArray();

        Assert.That(recorded, Is.EqualTo(new[] { true, true, true, false, false, false, false, false }));
        Assert.That(Files(), Has.Length.EqualTo(3));
        Assert.That(first.IsFull && second.IsFull);
    }

    [Test]
    public void A_forbidden_folder_is_told_as_a_problem_with_a_file()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("only Linux has a folder where nobody may write");

        Assert.That(() => new InputRecorder("/sys/model-optimizer-test"), Throws.InstanceOf<IOException>());
    }

    [Test, Platform(Exclude = "Win"), UnsupportedOSPlatform("windows")]
    public void A_folder_that_turns_forbidden_is_told_as_a_problem_with_a_file()
    {
        if (Environment.IsPrivilegedProcess)
            Assert.Ignore("this user may write everywhere");
        var recorder = new InputRecorder(_folder);
        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.That(() => recorder.Record(() => Run([1], 1)), Throws.InstanceOf<IOException>());

        File.SetUnixFileMode(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Assert.That(recorder.Record(() => Run([1], 1)), Is.True);
    }

    [Test]
    public void Equal_runs_give_equal_files()
    {
        var recorder = new InputRecorder(_folder);
        recorder.Record(() => Run([1, 2], 1));
        recorder.Record(() => Run([1, 2], 1));

        var files = Directory.GetFiles(_folder);
        Assert.That(File.ReadAllBytes(files[0]), Is.EqualTo(File.ReadAllBytes(files[1])));
    }

    [Test]
    public void A_failed_run_leaves_nothing_and_takes_no_place()
    {
        var recorder = new InputRecorder(_folder, limit: 1);

        Assert.That(() => recorder.Record(() => throw new InvalidOperationException()), Throws.InvalidOperationException);
        Assert.That(() => recorder.Record(() => [.. Run([1], 1), .. Run([1], 1)]), Throws.ArgumentException.With.Message.Contains("'ids' is given twice"));
        Assert.That(() => recorder.Record(() => []), Throws.ArgumentException);
        Assert.That(Directory.EnumerateFileSystemEntries(_folder), Is.Empty);
        Assert.That(recorder.Record(() => Run([1], 1)), Is.True);
    }

    [Test]
    public void Mistakes_are_told()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => RecordedArray.Of<float>("x", [1, 2, 3], 2, 2), Throws.ArgumentException.With.Message.Contains("'x' has 3 elements, but its shape [2,2] has 4"));
            Assert.That(() => RecordedArray.Of<char>("x", ['a'], 1), Throws.ArgumentException.With.Message.Contains("System.Char"));
            Assert.That(() => new InputRecorder(_folder, limit: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        });
    }

    private static IReadOnlyList<RecordedArray> Run(long[] ids, float state) =>
        [RecordedArray.Of<long>("ids", ids, 1, ids.Length), RecordedArray.Of<float>("state", [state, -state], 2, 1), RecordedArray.Of<int>("rate", [16000])];

    private static DataRequest Request(params (string Name, DataType Type, Dimension[] Axes)[] inputs) =>
        new([.. inputs.Select(input => new NamedType(input.Name, new TensorType(input.Type, new Shape([.. input.Axes]))))], []);

    private List<Sample> Read(DataRequest request) => [.. new DataSet([_folder], request).Read()];

    private string?[] Files() => [.. Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)];
}
