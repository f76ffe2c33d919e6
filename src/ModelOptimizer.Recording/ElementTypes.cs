namespace ModelOptimizer.Recording;

/// <summary>NumPy's spelling of element types.</summary>
internal static class ElementTypes
{
    /// <exception cref="ArgumentException">NumPy has no such type, or no model is fed with it.</exception>
    public static string Describe(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Boolean => "|b1",
        TypeCode.SByte => "|i1",
        TypeCode.Byte => "|u1",
        TypeCode.Int16 => "<i2",
        TypeCode.UInt16 => "<u2",
        TypeCode.Int32 => "<i4",
        TypeCode.UInt32 => "<u4",
        TypeCode.Int64 => "<i8",
        TypeCode.UInt64 => "<u8",
        TypeCode.Single => "<f4",
        TypeCode.Double => "<f8",
        // The platform's own is unknown to older ones, and ONNX Runtime brings another.
        _ when type.FullName is "System.Half" or "Microsoft.ML.OnnxRuntime.Float16" => "<f2",
        _ => throw new ArgumentException($"NumPy archives hold no {type}; take numbers or booleans", nameof(type)),
    };
}
