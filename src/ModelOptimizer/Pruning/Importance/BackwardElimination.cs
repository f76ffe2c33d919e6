using ModelOptimizer.Quantization;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Takes units out of the inputs of layers one by one, each time the one whose loss the others make up for best, and lets them:
/// <code>
/// loss_S = tr(W_Sᵀ·(H⁻¹_SS)⁻¹·W_S),  W ← W − H⁻¹_:S·(H⁻¹_SS)⁻¹·W_S,  H⁻¹ ← H⁻¹ − H⁻¹_:S·(H⁻¹_SS)⁻¹·H⁻¹_S:
/// </code>
/// (Kurtic et al., "ZipLM", arXiv 2302.04089, equations 2 and 3). Of two units that say the same only one goes.
/// </summary>
internal sealed class BackwardElimination
{
    private readonly List<EliminatedInputs> _readers = [];
    private readonly int _units;
    private readonly FloatBuffers _buffers;

    /// <param name="units">How many units there are.</param>
    /// <param name="buffers">Where matrices come from, and go to.</param>
    public BackwardElimination(int units, FloatBuffers buffers) => (_units, _buffers) = (units, buffers);

    /// <summary>Whether anything is known to choose by.</summary>
    public bool Knows => _readers.Count > 0;

    /// <param name="layer">A layer that reads the units.</param>
    /// <param name="gram">H = XᵀX [depth, depth]; its upper triangle counts, and it is changed.</param>
    /// <param name="inputs">By unit: its inputs.</param>
    public void Add(RefitLayer layer, float[] gram, IReadOnlyList<int[]> inputs)
    {
        var columns = layer.ReadColumns(_buffers.Rent(layer.Depth * layer.Outputs));
        if (EliminatedInputs.Of(columns, gram, inputs, _buffers) is { } reader)
            _readers.Add(reader);
        else
            _buffers.Return(columns);
    }

    /// <summary>Chooses, and forgets the layers.</summary>
    /// <returns>The units that go, in order.</returns>
    public IReadOnlyList<int> Run(int count)
    {
        var (left, gone) = (Enumerable.Range(0, _units).ToList(), new List<int>());
        while (gone.Count < count)
        {
            var losses = new double[left.Count];
            Cores.For(0, left.Count, i => losses[i] = _readers.Sum(reader => reader.Loss(left[i])));
            var least = Array.IndexOf(losses, losses.Min());
            _readers.ForEach(reader => reader.Remove(left[least]));
            gone.Add(left[least]);
            left.RemoveAt(least);
        }
        _readers.ForEach(reader => reader.Release(_buffers));
        _readers.Clear();
        return gone;
    }
}
