/** IANA time zones of the US airports in the replayed flights, which the data themselves do not carry. */

const AIRPORTS_BY_ZONE: Readonly<Record<string, string>> = {
  'America/New_York': `ABE ALB APF ATL AVL AVP BDL BGM BGR BOS BTV BUF BWI CAE CAK CHA CHS CLE CLT CMH CRW CVG DAB DAY
    DCA ELM ERI EWR EYW FAY FLL GSO GSP HPN IAD ILM ISP ITH JAX JFK LEX LGA MCO MDT MHT MIA MLB MYR ORF ORH PBI PHL
    PIT PVD PWM RDU RIC ROA ROC RSW SAV SRQ SWF SYR TLH TOL TPA TRI TYS`,
  'America/Detroit': 'AZO DTW FNT GRR LAN MBS MQT TVC',
  'America/Indiana/Indianapolis': 'FWA IND SBN',
  'America/Kentucky/Louisville': 'SDF',
  'America/Chicago': `ABI ACT AMA AUS BHM BIS BMI BNA BPT BRO BTR CID CLL CMI CRP DAL DBQ DFW DLH DSM EVV FAR FSD FSM
    GFK GGG GPT GRB HOU HRL HSV IAH ICT ILE JAN LAW LBB LFT LIT LNK LRD LSE MAF MCI MDW MEM MFE MKE MLI MLU MOB MOT
    MSN MSP MSY OKC OMA ORD PIA PNS RST SAT SGF SHV SJT SPS STL SUX TUL TXK TYR VPS XNA`,
  'America/Denver': 'ABQ BIL BZN COS DEN DRO EGE ELP FCA GTF GUC HDN HLN JAC MSO MTJ RAP SLC',
  'America/Boise': 'BOI',
  'America/Phoenix': 'PHX TUS',
  'America/Los_Angeles': `BFL BUR EUG FAT GEG LAS LAX LGB MFR MRY OAK ONT PDX PSC PSP RNO SAN SBA SBP SEA SFO SJC SMF
    SNA`,
  'America/Anchorage': 'ADQ ANC BET BRW CDV FAI OTZ SCC',
  'America/Juneau': 'JNU',
  'America/Sitka': 'KTN PSG SIT WRG',
  'America/Yakutat': 'YAK',
  'America/Nome': 'DUT OME',
  'Pacific/Honolulu': 'HNL ITO KOA LIH OGG',
  'America/Puerto_Rico': 'BQN SJU',
  'America/St_Thomas': 'STT STX',
};

/** Zone by IATA airport code. */
export const AIRPORT_ZONES: ReadonlyMap<string, string> = new Map(
  Object.entries(AIRPORTS_BY_ZONE).flatMap(([zone, codes]) =>
    codes.split(/\s+/).map((code) => [code, zone] as const),
  ),
);
