using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// A constant tensor. Tensors never change, so clones of a model share them; bytes are read on first touch.
/// </summary>
public abstract class Tensor
{
    private protected Tensor(DataType elementType, ImmutableArray<long> dimensions)
    {
        ElementType = elementType;
        Dimensions = dimensions;
        ElementCount = dimensions.Aggregate(1L, (product, d) => checked(product * d));
    }

    public DataType ElementType { get; }

    /// <summary>Length of each axis; empty for a scalar.</summary>
    public ImmutableArray<long> Dimensions { get; }

    public long ElementCount { get; }

    /// <summary>Bytes of the packed elements. For strings the sum of their UTF-8 lengths.</summary>
    public virtual long ByteCount => ElementType.ByteCount(ElementCount);

    /// <summary>The type of the edge that carries this tensor.</summary>
    public TensorType Type => new(ElementType, Shape.Of(Dimensions));

    /// <summary>True when the bytes live in a file beside the model.</summary>
    public virtual bool IsExternal => false;

    /// <summary>The packed little-endian elements, read in place.</summary>
    /// <exception cref="InvalidModelException">The bytes are missing, too short or outside the model's folder.</exception>
    public ReadOnlySpan<byte> Bytes => AsSpan<byte>();

    /// <summary>
    /// The packed little-endian bytes seen as elements of <typeparamref name="T"/>, without a copy.
    /// The caller chooses a type of the element's width (<c>float</c>, <c>sbyte</c>, <c>Half</c>, <c>ushort</c> for bfloat16 …).
    /// </summary>
    public abstract ReadOnlySpan<T> AsSpan<T>() where T : unmanaged;

    /// <summary>The packed little-endian elements as memory that can be pinned; null where they don't lie in memory. Whoever holds it keeps them there.</summary>
    public virtual ReadOnlyMemory<byte>? InPlace => null;

    /// <summary>Whether elements begin at addresses that native code doesn't read them from, as bytes within a message may.</summary>
    internal virtual bool IsAskew => false;

    /// <summary>
    /// Lets pages of a file go that <see cref="InPlace"/> took into memory. It may be called at any time: whoever reads them takes them up again.
    /// </summary>
    public virtual void LetGo()
    {
        // What lies in the process's own memory stays there.
    }

    /// <summary>Copies the packed little-endian elements.</summary>
    public virtual void CopyTo(Span<byte> target) => Bytes.CopyTo(target);

    /// <summary>
    /// Keeps in memory what was read until the answer is disposed. A tensor that lies in a scratch file is otherwise read again whenever nobody holds
    /// a span of it: loops that take one in each step hold it.
    /// </summary>
    public virtual IDisposable Hold() => HeldBytes.None;

    /// <summary>The elements of a string tensor as UTF-8 bytes; empty for others.</summary>
    public virtual IReadOnlyList<ReadOnlyMemory<byte>> Strings => [];

    /// <summary>A message with the given name and this content, external bytes by reference.</summary>
    internal abstract TensorProto ToProto(string name);

    /// <summary>A message with the given name and this content, all bytes within.</summary>
    internal virtual TensorProto ToInlineProto(string name) => ToProto(name);

    /// <summary>A message with the given name and all of this but the bytes.</summary>
    internal abstract TensorProto ToHeader(string name);

    /// <summary>Equal for tensors that read the same bytes.</summary>
    internal virtual object Storage => this;

    internal virtual void CopyTo(Stream stream) => stream.Write(Bytes);

    /// <summary>A tensor over an array in memory, which must not change afterwards.</summary>
    public static Tensor Create<T>(DataType elementType, ReadOnlySpan<long> dimensions, T[] elements) where T : unmanaged
    {
        var tensor = new MemoryTensor(elementType, [.. dimensions], new ArrayBytes<T>(elements).Memory);
        if (tensor.ByteCount != (long)elements.Length * Unsafe.SizeOf<T>())
            throw new ArgumentException($"{elements.Length} × {typeof(T).Name} do not fill {tensor.Type}", nameof(elements));
        return tensor;
    }

    /// <summary>A tensor over memory that somebody else owns, which must not change as long as the tensor is read.</summary>
    public static Tensor Over(DataType elementType, ReadOnlySpan<long> dimensions, ReadOnlyMemory<byte> bytes)
    {
        var tensor = new MemoryTensor(elementType, [.. dimensions], bytes);
        if (tensor.ByteCount != bytes.Length)
            throw new ArgumentException($"{bytes.Length} bytes do not fill {tensor.Type}", nameof(bytes));
        return tensor;
    }

    /// <summary>A tensor of zeros, which takes no memory until it is read.</summary>
    public static Tensor Zeros(DataType elementType, ReadOnlySpan<long> dimensions) => new ZeroTensor(elementType, [.. dimensions]);

    /// <summary>A float32 tensor.</summary>
    public static Tensor Create(ReadOnlySpan<long> dimensions, params float[] elements) => Create(DataType.Float, dimensions, elements);

    /// <summary>An int64 tensor.</summary>
    public static Tensor Create(ReadOnlySpan<long> dimensions, params long[] elements) => Create(DataType.Int64, dimensions, elements);

    public override string ToString() => Type.ToString();
}
