using System.Runtime.CompilerServices;

namespace ModelOptimizer.Onnx.Tests;

/// <summary>What the optimizer makes of large models lies in scratch files.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ScratchTests : IDisposable
{
    private const int Length = 100_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Only_what_exceeds_the_memory_allowed_is_put_aside()
    {
        var scratch = new ScratchSpace(inMemory: 2 * Length);
        var (first, second, third, small) = (Bytes(1), Bytes(2), Bytes(3), Tensor.Create([2], 1f, 2f));

        Assert.That(scratch.Keep(first), Is.SameAs(first));
        Assert.That(scratch.Keep(second), Is.SameAs(second));
        Assert.That(scratch.Keep(third), Is.TypeOf<ScratchTensor>());
        Assert.That(scratch.Keep(small), Is.SameAs(small), "a file gains nothing by it");
    }

    [Test]
    public void Tensors_put_aside_are_the_same_tensors()
    {
        var scratch = new ScratchSpace(inMemory: 0);
        var floats = Tensor.Create([5, 10_000], [.. Enumerable.Range(0, 50_000).Select(i => i / 3f)]);
        Tensor[] made = [Bytes(1), floats, Bytes(2)];
        var kept = made.Select(scratch.Keep).ToList();

        foreach (var (before, after) in made.Zip(kept))
        {
            Assert.That(after.Type, Is.EqualTo(before.Type));
            Assert.That(after.Bytes.SequenceEqual(before.Bytes));
            Assert.That(after.ToProto("t"), Is.EqualTo(before.ToProto("t")));
            Assert.That(Written(after), Is.EqualTo(Written(before)));
        }
        Assert.That(kept[1].AsSpan<float>().SequenceEqual(floats.AsSpan<float>()));
    }

    [Test]
    public void Their_memory_is_free()
    {
        var (kept, memory) = Keep();
        GC.Collect();

        Assert.That(memory.IsAlive, Is.False);
        Assert.That(kept.Bytes.SequenceEqual(Bytes(7).Bytes));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static (Tensor Kept, WeakReference Memory) Keep()
        {
            var elements = Bytes(7).Bytes.ToArray();
            return (new ScratchSpace(inMemory: 0).Keep(Tensor.Create(DataType.UInt8, [Length], elements)), new WeakReference(elements));
        }
    }

    [TestCase(ExternalDataMode.Always)]
    [TestCase(ExternalDataMode.Never)]
    public void A_model_is_saved_as_from_memory(ExternalDataMode mode)
    {
        Save("memory", long.MaxValue);
        Save("scratch", 0);

        Assert.That(Directory.EnumerateFiles(_folder["memory"]).Count(), Is.EqualTo(mode == ExternalDataMode.Always ? 2 : 1));
        foreach (var file in Directory.EnumerateFiles(_folder["memory"]))
            Assert.That(File.ReadAllBytes(Path.Combine(_folder["scratch"], Path.GetFileName(file))), Is.EqualTo(File.ReadAllBytes(file)));

        void Save(string folder, long inMemory)
        {
            var model = OnnxModel.Create(irVersion: 10, new Dictionary<string, long> { [""] = 21 });
            model.Scratch = new ScratchSpace(inMemory);
            foreach (var seed in Enumerable.Range(1, 3))
                model.Graph.AddOutput($"y{seed}", model.Graph.AddInitializer($"w{seed}", model.PutAside(Bytes(seed))));
            ModelWriter.Save(model.Clone(), Path.Combine(_folder[folder], "m.onnx"), new SaveOptions { ExternalData = mode });
        }
    }

    private static Tensor Bytes(int seed)
    {
        var bytes = new byte[Length];
        new Random(seed).NextBytes(bytes);
        return Tensor.Create(DataType.UInt8, [Length], bytes);
    }

    private static byte[] Written(Tensor tensor)
    {
        using var stream = new MemoryStream();
        tensor.CopyTo(stream);
        return stream.ToArray();
    }
}
