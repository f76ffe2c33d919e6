namespace ModelOptimizer.Passes;

/// <summary>A pass that works on those weights that its selector lets it take.</summary>
public interface ISelectivePass : IGraphPass
{
    NodeSelector Selector { get; }

    /// <summary>Whether it makes the weights smaller itself; false for one that prepares or mends what others compress.</summary>
    bool Compresses => true;
}
