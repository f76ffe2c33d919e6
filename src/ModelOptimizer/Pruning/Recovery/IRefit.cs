using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>A node whose constants are brought up to what it reads in a pruned model.</summary>
internal interface IRefit
{
    Node Node { get; }
}
