namespace ModelOptimizer.Passes;

/// <summary>A pass that compresses those weights that its selector lets it take.</summary>
public interface ISelectivePass : IGraphPass
{
    NodeSelector Selector { get; }
}
