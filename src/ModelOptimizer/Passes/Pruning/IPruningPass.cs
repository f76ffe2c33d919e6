namespace ModelOptimizer.Passes;

/// <summary>Takes something out of a model that it can do without: units, blocks or single weights.</summary>
internal interface IPruningPass : ISelectivePass, ICalibratedPass;
