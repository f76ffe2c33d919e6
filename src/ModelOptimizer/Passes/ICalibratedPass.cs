namespace ModelOptimizer.Passes;

/// <summary>A pass that learns from the profile's calibration data.</summary>
public interface ICalibratedPass : IGraphPass
{
    /// <summary>Whether it does with the options it has.</summary>
    bool LearnsFromData => true;

    /// <summary>Whether it can do nothing without.</summary>
    bool RequiresData => LearnsFromData;
}
