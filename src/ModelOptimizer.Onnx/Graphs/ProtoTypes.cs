using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>Between the type message and <see cref="TensorType"/>.</summary>
internal static class ProtoTypes
{
    public static TensorType? ToTensorType(TypeProto? type) =>
        type?.TensorType is { ElemType: not 0 } tensor ? new((DataType)tensor.ElemType, ToShape(tensor.Shape)) : null;

    public static TypeProto ToProto(TensorType type) => new()
    {
        TensorType = new() { ElemType = (int)type.ElementType, Shape = type.Shape is { } shape ? ToProto(shape) : null },
    };

    public static Shape? ToShape(TensorShapeProto? shape) => shape is null ? null : new([.. shape.Dim.Select(ToDimension)]);

    private static Dimension ToDimension(TensorShapeProto.Types.Dimension d) => d.ValueCase switch
    {
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue => new(d.DimValue),
        TensorShapeProto.Types.Dimension.ValueOneofCase.DimParam => new(null, d.DimParam),
        _ => Dimension.Unknown,
    };

    private static TensorShapeProto ToProto(Shape shape) => new() { Dim = { shape.Dimensions.Select(ToProto) } };

    private static TensorShapeProto.Types.Dimension ToProto(Dimension d) => d switch
    {
        { Value: { } value } => new() { DimValue = value },
        { Symbol: { } symbol } => new() { DimParam = symbol },
        _ => new(),
    };
}
