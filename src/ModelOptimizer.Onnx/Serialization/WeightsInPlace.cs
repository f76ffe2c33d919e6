using System.Buffers;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>
/// Reads the message of a large model without its large initializers: their bytes stay in the mapped file, as those of external data do, where the
/// parser would hold a copy of each in memory.
/// </summary>
internal sealed class WeightsInPlace
{
    /// <summary>Initializers with fewer bytes are copied: the pages that they share with others would come and go.</summary>
    private const int Smallest = 1 << 16;

    private readonly MappedFile _file;

    /// <summary>By place among the initializers.</summary>
    private readonly Dictionary<int, (int Offset, int Length)> _left = [];

    private WeightsInPlace(MappedFile file) => _file = file;

    /// <param name="file">At most <see cref="ModelMessage.Limit"/> bytes, which nobody changes as long as the model is used.</param>
    /// <returns>Null where the message is no model, or is put together in an unusual way.</returns>
    public static ModelProto? TryParse(MappedFile file) => new WeightsInPlace(file).Parse();

    private ModelProto? Parse()
    {
        var bytes = _file.Slice<byte>(0, _file.Length);
        if (WireFields.Of(bytes, 0, bytes.Length) is not { } fields || fields.Count(IsGraph) != 1)
            return null;
        var message = new ArrayBufferWriter<byte>();
        foreach (var field in fields)
            if (!IsGraph(field))
                message.Write(bytes[field.Start..field.End]);
            else if (Graph(bytes, field) is { } graph)
                WireFields.Write(message, ModelProto.GraphFieldNumber, graph);
            else
                return null;
        try
        {
            var model = ModelProto.Parser.ParseFrom(message.WrittenSpan);
            foreach (var (place, (offset, length)) in _left)
                model.Graph.Initializer[place].RawData = UnsafeByteOperations.UnsafeWrap(_file.Memory(offset, length));
            return model;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private static bool IsGraph(WireField field) => field.Is(ModelProto.GraphFieldNumber);

    private byte[]? Graph(ReadOnlySpan<byte> bytes, WireField graph)
    {
        if (WireFields.Of(bytes, graph.Content, graph.End) is not { } fields)
            return null;
        var (message, place) = (new ArrayBufferWriter<byte>(), 0);
        foreach (var field in fields)
            if (!field.Is(GraphProto.InitializerFieldNumber))
                message.Write(bytes[field.Start..field.End]);
            else if (Initializer(bytes, field, place++) is { } initializer)
                WireFields.Write(message, GraphProto.InitializerFieldNumber, initializer);
            else
                message.Write(bytes[field.Start..field.End]);
        return message.WrittenSpan.ToArray();
    }

    /// <returns>The initializer without its bytes; null for one that stays as it is.</returns>
    private byte[]? Initializer(ReadOnlySpan<byte> bytes, WireField initializer, int place)
    {
        if (initializer.Length < Smallest || WireFields.Of(bytes, initializer.Content, initializer.End) is not { } fields)
            return null;
        var raw = fields.FindAll(field => field.Is(TensorProto.RawDataFieldNumber));
        if (raw is not [{ Length: >= Smallest } left])
            return null;
        _left.Add(place, (left.Content, left.Length));
        return [.. bytes[initializer.Content..left.Start], .. bytes[left.End..initializer.End]];
    }
}
