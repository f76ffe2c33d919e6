using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;
using ModelOptimizer.Testing;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>Weights inside the messages of large models stay in the file, and all else is as if they had been parsed.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WeightsInPlaceTests : IDisposable
{
    private const int Large = 1 << 15;

    private readonly TemporaryFolder _folder = new();

    private string Path => _folder["m.onnx"];

    public void Dispose() => _folder.Dispose();

    [Test]
    public void The_message_is_the_same()
    {
        var proto = Sample();
        File.WriteAllBytes(Path, proto.ToByteArray());

        var read = ModelFile.Read(Path, large: 0);

        Assert.That(read, Is.EqualTo(proto));
        Assert.That(read.ToByteArray(), Is.EqualTo(proto.ToByteArray()));
    }

    [Test]
    public void Large_raw_data_stays_in_the_file_and_its_pages_go()
    {
        File.WriteAllBytes(Path, Sample().ToByteArray());
        var read = ModelFile.Read(Path, large: 0).Graph.Initializer;

        Assert.That(read.Select(IsMapped), Is.EqualTo(new[] { true, false, false, true }));
        var tensor = new InlineTensor(read[3]);
        tensor.LetGo();
        Assert.That(tensor.AsSpan<float>().SequenceEqual(Numbers(4)));
        Assert.That(tensor.InPlace!.Value.Span.SequenceEqual(tensor.Bytes));

        File.WriteAllBytes(_folder["small.onnx"], Sample().ToByteArray());
        Assert.That(ModelFile.Read(_folder["small.onnx"]).Graph.Initializer.Select(IsMapped), Has.All.False, "a small file is read");
    }

    [Test]
    public void What_lies_at_odd_places_is_straightened_once()
    {
        var proto = Sample();
        var copies = Enumerable.Range(0, 4).Select(odd =>
        {
            proto.ProducerName = new string('p', odd + 1);
            File.WriteAllBytes(_folder[$"{odd}.onnx"], proto.ToByteArray());
            return new InlineTensor(ModelFile.Read(_folder[$"{odd}.onnx"], large: 0).Graph.Initializer[0]);
        }).ToList();
        var model = OnnxModel.Create(irVersion: 8, new Dictionary<string, long> { [""] = 17 });

        Assert.That(copies.Count(tensor => ReferenceEquals(model.Straighten(tensor), tensor)), Is.EqualTo(1), "one of four places is even");
        foreach (var tensor in copies)
        {
            Assert.That(model.Straighten(tensor), Is.SameAs(model.Straighten(tensor)));
            Assert.That(model.Straighten(tensor).IsAskew, Is.False);
            Assert.That(model.Straighten(tensor).AsSpan<float>().SequenceEqual(Numbers(1)));
        }
    }

    [Test]
    public void A_message_that_breaks_off_is_explained_as_ever()
    {
        var whole = Sample().ToByteArray();
        foreach (var length in Enumerable.Range(2, 200).Concat(Enumerable.Range(1, 40).Select(i => whole.Length * i / 41)))
        {
            File.WriteAllBytes(Path, whole[..length]);
            var e = Assert.Throws<InvalidModelException>(() => ModelFile.Read(Path, large: 0))!;
            Assert.That(e.Problem, Is.EqualTo(ModelProblem.Truncated), $"{length} of {whole.Length} bytes");
        }
    }

    [Test]
    public void A_graph_in_two_parts_is_put_together()
    {
        var (first, second) = (Sample(), new ModelProto { Graph = new GraphProto { Initializer = { Floats("late", Numbers(5)) } } });
        File.WriteAllBytes(Path, [.. first.ToByteArray(), .. second.ToByteArray()]);

        Assert.That(ModelFile.Read(Path, large: 0).Graph.Initializer.Select(tensor => tensor.Name), Is.EqualTo(new[] { "a", "b", "c", "d", "late" }));
    }

    private static bool IsMapped(TensorProto tensor) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetMemoryManager<byte, MappedBytes>(tensor.RawData.Memory, out _);

    /// <summary>Large and small, raw and typed.</summary>
    private static ModelProto Sample()
    {
        var typed = new TensorProto { Name = "c", DataType = (int)DataType.Float, Dims = { Large }, FloatData = { Numbers(3) } };
        var documented = Floats("d", Numbers(4));
        documented.DocString = "the last";
        return Model(Graph(["x"], ["y"], Node("Relu", ["x"], ["y"])).With(Floats("a", Numbers(1)), Floats("b", 1, 2), typed, documented));
    }

    private static float[] Numbers(int seed) => [.. Enumerable.Range(0, Large).Select(i => i * 0.5f + seed)];
}
