using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>A model's message together with its size, which may be one that can't be written.</summary>
/// <param name="Proto">The message.</param>
/// <param name="Size">Bytes, or a number above <see cref="Limit"/> when it is too large for an exact count.</param>
internal sealed record ModelMessage(ModelProto Proto, long Size)
{
    /// <summary>Protocol buffers measure messages in signed 32 bits.</summary>
    public const long Limit = int.MaxValue;

    private const int BufferSize = 1 << 20;

    public static ModelMessage Of(OnnxModel model, TensorPlacement placement)
    {
        model = IrVersions.Settle(model);
        var proto = model.Proto.Clone();
        proto.Graph = new GraphWriter(NameTable.For(model.Graph), placement).Write(model.Graph);
        foreach (var function in model.Functions)
            proto.Functions.Add(new GraphWriter(NameTable.For(function.Body), placement).Write(function));
        return new ModelMessage(proto, SizeOf(proto, placement));
    }

    /// <exception cref="InvalidModelException">The message is too large.</exception>
    public ModelMessage RefuseOversized(string? path) => Size <= Limit ? this : throw new InvalidModelException(ModelProblem.TooLarge,
        $"The model needs {Size / (1 << 20):N0} MiB in one message, and a message ends at 2 GiB. Save it with external data", path);

    public void WriteTo(Stream stream)
    {
        var output = new CodedOutputStream(stream, BufferSize, leaveOpen: true);
        Proto.WriteTo(output);
        output.Flush();
    }

    private static long SizeOf(ModelProto proto, TensorPlacement placement)
    {
        if (placement.InlineBytes > Limit)
            return placement.InlineBytes;
        var size = proto.CalculateSize();
        return size >= 0 ? size : (long)uint.MaxValue + 1 + size;
    }
}
