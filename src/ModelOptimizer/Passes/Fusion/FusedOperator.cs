namespace ModelOptimizer.Passes;

/// <summary>An operator that a formula becomes, and where it exists.</summary>
/// <param name="Name">Its name in the standard.</param>
/// <param name="Since">The first opset that has it.</param>
/// <param name="Contrib">Where ONNX Runtime has it at any opset; null when it has not.</param>
internal sealed record FusedOperator(string Name, long Since, OperatorName? Contrib = null)
{
    /// <summary>For operators that are no part of the standard.</summary>
    public const long Never = long.MaxValue;

    /// <summary>Under which name it may be written; null when it may not.</summary>
    public OperatorName? In(long opset, FusionFormat format) =>
        opset >= Since ? new OperatorName(Name) : format == FusionFormat.Contrib ? Contrib : null;

    /// <summary>What to do about it, when it may not be written.</summary>
    public string Missing(long opset) => Since == Never
        ? $"the standard has no {Name}: format: contrib would do"
        : $"opset {opset} has no {Name}: upgrade-opset to {Since}" + (Contrib is null ? " would do" : " or format: contrib would do");
}

/// <summary>An operator's name and domain; "" is the standard domain.</summary>
internal sealed record OperatorName(string OpType, string Domain = "")
{
    /// <summary>An operator of ONNX Runtime's own domain.</summary>
    public static OperatorName Microsoft(string opType) => new(opType, "com.microsoft");
}
