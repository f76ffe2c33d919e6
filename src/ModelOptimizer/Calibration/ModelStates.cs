using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Calibration;

/// <summary>What a model is at some point of a pass.</summary>
/// <param name="Number">How often it had changed since the pass began, from 0 in the order of first appearance.</param>
/// <param name="Content">
/// XXH128 of its graphs, names of values included, and of all constants, but of those of real numbers the shapes only: 32 hex digits, the same in
/// every run.
/// </param>
/// <param name="Constants">What the constants of real numbers are like, see <see cref="ConstantsDigest"/>.</param>
internal readonly record struct ModelState(int Number, string Content, string Constants);

/// <summary>Tells states of a model apart: equal copies are the same one. Each tensor is read once, since tensors never change and copies share them.</summary>
internal sealed class ModelStates
{
    private const int Chunk = 1 << 26;

    private static readonly ConditionalWeakTable<Tensor, string> s_tensors = [];

    private readonly Dictionary<UInt128, int> _states = [];

    public ModelState Of(OnnxModel model)
    {
        var hash = Hash(model, DigestOf);
        if (!_states.TryGetValue(hash, out var state))
            _states.Add(hash, state = _states.Count);
        var real = new List<Tensor>();
        var content = Hash(model, constant =>
        {
            if (!constant.ElementType.IsFloatingPoint())
                return DigestOf(constant);
            real.Add(constant);
            return constant.Type.ToString();
        });
        return new ModelState(state, $"{content:x32}", ConstantsDigest.Of(real));
    }

    private static UInt128 Hash(OnnxModel model, Func<Tensor, string> digest)
    {
        var hash = new XxHash128();
        var ids = new Dictionary<Value, int>();
        Add($"opsets {string.Join(' ', model.OpsetImports.OrderBy(import => import.Key, StringComparer.Ordinal).Select(import => $"{import.Key}:{import.Value}"))}");
        foreach (var graph in GraphWalker.Graphs(model))
        {
            foreach (var value in graph.Inputs.Concat(graph.Initializers))
                Add(value.Initializer is { } tensor ? $"constant {Id(value)} {digest(tensor)}" : $"input {Id(value)} {value.Name}");
            foreach (var node in graph.Nodes)
            {
                Add($"{node.Domain}.{node.OpType}:{node.Overload}({Join(node.Inputs)})->({Join(node.Outputs)}) {string.Join(' ', node.Outputs.Select(output => output?.Name))}");
                if (node.ConstantOutput is { } constant)
                    Add(digest(constant));
                else
                    hash.Append(node.Attributes.ToBytes());
            }
            Add($"return {Join(graph.Outputs.Select(output => output.Value))}");
        }
        return hash.GetCurrentHashAsUInt128();

        void Add(string text) => hash.Append(Encoding.UTF8.GetBytes(text + "\n"));

        int Id(Value value)
        {
            if (!ids.TryGetValue(value, out var id))
                ids.Add(value, id = ids.Count);
            return id;
        }

        string Join(IEnumerable<Value?> values) => string.Join(',', values.Select(value => value is null ? -1 : Id(value)));
    }

    private static string DigestOf(Tensor tensor) => s_tensors.GetValue(tensor, Digest);

    private static string Digest(Tensor tensor)
    {
        var hash = new XxHash128();
        foreach (var text in tensor.Strings)
        {
            hash.Append(BitConverter.GetBytes(text.Length));
            hash.Append(text.Span);
        }
        if (tensor.ElementType == DataType.String)
            return Named();
        if (tensor.ByteCount <= Array.MaxLength)
            hash.Append(tensor.Bytes);
        else
            // A span of bytes ends at 2 GiB. Up to three bytes behind the last whole word are left out.
            for (var words = tensor.AsSpan<uint>(); words.Length > 0; words = words[Math.Min(Chunk, words.Length)..])
                hash.Append(MemoryMarshal.AsBytes(words[..Math.Min(Chunk, words.Length)]));
        return Named();

        string Named() => $"{tensor.Type} {hash.GetCurrentHashAsUInt128():x32}";
    }
}
