using ModelOptimizer.Onnx;

namespace ModelOptimizer.Runtimes;

/// <summary>An operator of ONNX Runtime's own, or a form of one, with the first release that has it.</summary>
/// <param name="Domain">Its domain.</param>
/// <param name="OpType">Its name.</param>
/// <param name="Form">
/// What nodes of the form have: values of integer attributes by name, or element types of constants by <c>input3</c>; empty for all.
/// </param>
/// <param name="Since">Major, minor, and patch where it came with one.</param>
/// <param name="Source">As in <see cref="RuntimeRelease"/>.</param>
internal sealed record RuntimeOperator(string Domain, string OpType, IReadOnlyList<KeyValuePair<string, string>> Form, Version Since, string Source)
{
    private const string Input = "input";

    public bool Matches(Node node) => node.OpType == OpType && node.Domain == Domain && Form.All(part => Has(node, part.Key, part.Value));

    /// <summary>As messages name it: <c>com.microsoft.MatMulNBits (bits=8)</c>.</summary>
    public override string ToString() =>
        $"{Domain}.{OpType}" + (Form.Count == 0 ? "" : $" ({string.Join(", ", Form.Select(part => $"{part.Key}={part.Value}"))})");

    private static bool Has(Node node, string key, string value) => key.StartsWith(Input, StringComparison.Ordinal)
        ? node.Input(int.Parse(key.AsSpan(Input.Length), Invariant))?.Type?.ElementType.ToOnnxName() == value
        : node.Attributes.TryGetInt(key) == long.Parse(value, Invariant);

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;
}
