using System.Collections.Immutable;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Data;

/// <summary>One array of a data file. Its header is known; its elements are read in order when somebody asks.</summary>
/// <param name="Name">The model input (or labels) it is for.</param>
/// <param name="File">The file it lies in, for messages.</param>
/// <param name="Header">Element type and shape.</param>
/// <param name="Open">Opens the array from its header on.</param>
internal sealed record DataArray(string Name, string File, NpyHeader Header, Func<Stream> Open)
{
    /// <summary>
    /// True when its file says that it is a stack of samples, of which each is fed whole. False where its rank beside the input's has to tell.
    /// </summary>
    public bool IsStack { get; init; }

    public DataType ElementType => Header.ElementType;

    public ImmutableArray<long> Dimensions => Header.Dimensions;

    /// <summary>Length of the first axis; a scalar counts as one.</summary>
    public long Length => Dimensions.Length == 0 ? 1 : Dimensions[0];

    /// <summary>As messages show it: <c>input_ids int64[200,24]</c>.</summary>
    public override string ToString() => $"{Name} {TypeName}{Shape.Of(Dimensions)}";

    public string TypeName => ElementType == DataType.Undefined ? Header.Description : ElementType.ToOnnxName();
}
