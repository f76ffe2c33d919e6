namespace ModelOptimizer.Conformance.Tests.RandomGraphs;

/// <summary>Adds some nodes to a graph under construction, or nothing where nothing fits.</summary>
internal delegate void Rule(Scope scope);
